#include "hpcai/simulate/galaxy_psf.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

namespace hpcai::simulate {
namespace {

// A least-squares fit to the Moffat profile with beta = 3: for each Gaussian its share of the flux and sigma / FWHM.
constexpr std::array<std::array<double, 2>, 3> kMoffat = {
    {{0.31408152, 0.35485036}, {0.53036469, 0.59152159}, {0.15555379, 1.13987147}}};

// A square pixel widens a profile by the variance of a unit box.
constexpr double kPixelVariance = 1.0 / 12;

std::vector<float> half_kernel(double sigma) {
  const int radius = std::max(1, static_cast<int>(std::ceil(3.2 * sigma)));
  std::vector<float> weights(static_cast<size_t>(radius) + 1);
  double sum = 0;
  for (int i = 0; i <= radius; ++i) {
    weights[i] = static_cast<float>(std::exp(-0.5 * i * i / (sigma * sigma)));
    sum += (i == 0 ? 1 : 2) * weights[i];
  }
  for (float& weight : weights) weight = static_cast<float>(weight / sum);
  return weights;
}

// out[i] = sum_k kernel[|k|] padded[i + radius + k]
void convolve_row(const float* padded, const std::vector<float>& kernel, float* out, int size) {
  const int radius = static_cast<int>(kernel.size()) - 1;
  const float* middle = padded + radius;
  for (int i = 0; i < size; ++i) out[i] = kernel[0] * middle[i];
  for (int k = 1; k <= radius; ++k) {
    const float weight = kernel[k];
    const float* left = middle - k;
    const float* right = middle + k;
    for (int i = 0; i < size; ++i) out[i] += weight * (left[i] + right[i]);
  }
}

Plane convolve_rows(const Plane& in, const std::vector<float>& kernel) {
  const int radius = static_cast<int>(kernel.size()) - 1;
  Plane out(in.size);
  std::vector<float> padded(static_cast<size_t>(in.size + 2 * radius));
  for (int y = 0; y < in.size; ++y) {
    const float* row = in.row(y);
    std::fill_n(padded.begin(), radius, row[0]);
    std::copy_n(row, in.size, padded.begin() + radius);
    std::fill_n(padded.end() - radius, radius, row[in.size - 1]);
    convolve_row(padded.data(), kernel, out.row(y), in.size);
  }
  return out;
}

// Adds share * (in convolved along the columns) to out.
void add_convolved_columns(const Plane& in, const std::vector<float>& kernel, float share, Plane& out) {
  const int radius = static_cast<int>(kernel.size()) - 1;
  for (int y = 0; y < in.size; ++y) {
    float* target = out.row(y);
    for (int k = 0; k <= radius; ++k) {
      const float weight = share * kernel[k] * (k == 0 ? 0.5F : 1.0F);
      const float* above = in.row(std::max(y - k, 0));
      const float* below = in.row(std::min(y + k, in.size - 1));
      for (int x = 0; x < in.size; ++x) target[x] += weight * (above[x] + below[x]);
    }
  }
}

std::vector<float> line_profile(int first, int last, double centre, double sigma) {
  std::vector<float> profile(static_cast<size_t>(last - first + 1));
  const double peak = 1 / (sigma * std::sqrt(2 * std::numbers::pi));
  for (int i = first; i <= last; ++i) {
    const double offset = (i - centre) / sigma;
    profile[i - first] = static_cast<float>(peak * std::exp(-0.5 * offset * offset));
  }
  return profile;
}

}  // namespace

Psf::Psf(double fwhm_pixels) {
  for (const auto& [share, width] : kMoffat) {
    const double sigma = std::sqrt(width * width * fwhm_pixels * fwhm_pixels + kPixelVariance);
    gaussians_.push_back({static_cast<float>(share), static_cast<float>(sigma), half_kernel(sigma)});
  }
}

void Psf::blur(Plane& plane) const {
  Plane out(plane.size);
  for (const Gaussian& gaussian : gaussians_) {
    add_convolved_columns(convolve_rows(plane, gaussian.half_kernel), gaussian.half_kernel, gaussian.share, out);
  }
  plane = std::move(out);
}

void Psf::add_point(Plane& plane, double flux, double x, double y) const {
  for (const Gaussian& gaussian : gaussians_) add_gaussian(plane, flux * gaussian.share, x, y, gaussian.sigma);
}

void add_gaussian(Plane& plane, double flux, double x, double y, double sigma) {
  const int reach = static_cast<int>(std::ceil(5 * sigma));
  const int left = std::max(0, static_cast<int>(std::floor(x)) - reach);
  const int right = std::min(plane.size - 1, static_cast<int>(std::ceil(x)) + reach);
  const int top = std::max(0, static_cast<int>(std::floor(y)) - reach);
  const int bottom = std::min(plane.size - 1, static_cast<int>(std::ceil(y)) + reach);
  if (left > right || top > bottom) return;
  const std::vector<float> across = line_profile(left, right, x, sigma);
  const std::vector<float> down = line_profile(top, bottom, y, sigma);
  for (int row = top; row <= bottom; ++row) {
    const float scale = static_cast<float>(flux) * down[row - top];
    float* target = plane.row(row) + left;
    for (size_t i = 0; i < across.size(); ++i) target[i] += scale * across[i];
  }
}

}  // namespace hpcai::simulate
