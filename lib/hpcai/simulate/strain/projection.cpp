#include "hpcai/simulate/strain/projection.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "hpcai/simulate/strain/vector_math.h"

namespace hpcai::simulate {

namespace {

using std::numbers::pi;

// Neighbouring frequencies that a loop treats alike; sums have as many parts.
constexpr int kLanes = 32;
using Lanes = double[kLanes];

// factor exp(-2 pi i f time) at kLanes neighbouring frequencies. advance() turns to the next ones.
struct Rotation {
  Lanes re, im;
  double step_re, step_im;

  Rotation(std::complex<double> factor, double time_s, const FrequencyBand& band) {
    const double turn = band.step_hz * time_s;  // whole turns are dropped before they cost digits
    const auto at = [turn](double bins) {
      const double turns = turn * bins;
      return std::polar(1.0, -2 * pi * (turns - std::round(turns)));
    };
    std::complex<double> value = factor * at(static_cast<double>(band.first));
    const std::complex<double> one = at(1), many = at(kLanes);
    for (int lane = 0; lane < kLanes; ++lane) {
      re[lane] = value.real();
      im[lane] = value.imag();
      value = {value.real() * one.real() - value.imag() * one.imag(), value.real() * one.imag() + value.imag() * one.real()};
    }
    step_re = many.real();
    step_im = many.imag();
  }

  void advance() {
    for (int lane = 0; lane < kLanes; ++lane) {
      const double turned = re[lane] * step_re - im[lane] * step_im;
      im[lane] = re[lane] * step_im + im[lane] * step_re;
      re[lane] = turned;
    }
  }
};

double total(const Lanes& lanes) {
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

HPCAI_EACH_VECTOR_SIZE void project_all(const double* re, const double* im, Rotation& rotation, const double* inverse_asd,
                                        int64_t size, double* out_re, double* out_im) {
  for (int64_t start = 0; start < size; start += kLanes, rotation.advance()) {
    const int count = static_cast<int>(std::min<int64_t>(kLanes, size - start));
    for (int lane = 0; lane < count; ++lane) {
      const int64_t i = start + lane;
      const double a = re[i], b = im[i], scale = inverse_asd[i];
      out_re[i] = (a * rotation.re[lane] - b * rotation.im[lane]) * scale;
      out_im[i] = (a * rotation.im[lane] + b * rotation.re[lane]) * scale;
    }
  }
}

struct Sums {
  Lanes re{}, im{}, power{};
};

HPCAI_EACH_VECTOR_SIZE void multiply_all(const double* a_re, const double* a_im, const double* b_re, const double* b_im,
                                         int64_t size, Sums& sums) {
  for (int64_t start = 0; start < size; start += kLanes) {
    const int count = static_cast<int>(std::min<int64_t>(kLanes, size - start));
    for (int lane = 0; lane < count; ++lane) {
      const int64_t i = start + lane;
      sums.re[lane] += a_re[i] * b_re[i] + a_im[i] * b_im[i];
      sums.im[lane] += a_re[i] * b_im[i] - a_im[i] * b_re[i];
    }
  }
}

HPCAI_EACH_VECTOR_SIZE void sum_all(const double* re, const double* im, const double* weighted_re, const double* weighted_im,
                                    const double* inverse_density, Rotation& rotation, int64_t size, Sums& sums) {
  for (int64_t start = 0; start < size; start += kLanes, rotation.advance()) {
    const int count = static_cast<int>(std::min<int64_t>(kLanes, size - start));
    for (int lane = 0; lane < count; ++lane) {
      const int64_t i = start + lane;
      const double a = re[i], b = im[i];
      const double turned_re = a * rotation.re[lane] - b * rotation.im[lane];
      const double turned_im = a * rotation.im[lane] + b * rotation.re[lane];
      sums.re[lane] += weighted_re[i] * turned_re - weighted_im[i] * turned_im;
      sums.im[lane] += weighted_re[i] * turned_im + weighted_im[i] * turned_re;
      sums.power[lane] += (a * a + b * b) * inverse_density[i];
    }
  }
}

}  // namespace

std::complex<double> response(const Antenna& antenna, double theta_jn, double phase) {
  const double cosine = std::cos(theta_jn);
  return std::complex<double>(antenna.plus * (1 + cosine * cosine) / 2, -antenna.cross * cosine) * std::polar(1.0, 2 * phase);
}

double arrival_s(double time_s, const Detector& first, const Detector& detector, const Direction& direction) {
  return time_s + (delay_s(detector, direction) - delay_s(first, direction));
}

void project(const ConstComplexSpan& chirp, const Antenna& antenna, double theta_jn, double phase, double time_s,
             const FrequencyBand& band, std::span<const double> inverse_asd, ComplexSpan out) {
  Rotation rotation(response(antenna, theta_jn, phase), time_s, band);
  project_all(chirp.re.data(), chirp.im.data(), rotation, inverse_asd.data(), band.size(), out.re.data(), out.im.data());
}

std::complex<double> inner_product(const ConstComplexSpan& a, const ConstComplexSpan& b, const FrequencyBand& band) {
  Sums sums;
  multiply_all(a.re.data(), a.im.data(), b.re.data(), b.im.data(), band.size(), sums);
  return {4 * band.step_hz * total(sums.re), 4 * band.step_hz * total(sums.im)};
}

double optimal_snr_squared(const ConstComplexSpan& whitened, const FrequencyBand& band) {
  return inner_product(whitened, whitened, band).real();
}

ChirpSums chirp_sums(const ConstComplexSpan& chirp, const ConstComplexSpan& weighted, std::span<const double> inverse_density,
                     double time_s, const FrequencyBand& band) {
  Rotation rotation(1, time_s, band);
  Sums sums;
  sum_all(chirp.re.data(), chirp.im.data(), weighted.re.data(), weighted.im.data(), inverse_density.data(), rotation, band.size(),
          sums);
  const double unit = 4 * band.step_hz;
  return {{unit * total(sums.re), unit * total(sums.im)}, unit * total(sums.power)};
}

}  // namespace hpcai::simulate
