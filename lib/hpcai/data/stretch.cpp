#include "hpcai/data/stretch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "hpcai/core/text.h"
#include "hpcai/data/image.h"

namespace hpcai::data {
namespace {

constexpr double kWhite = 255;

// Writes one band into channel c of `out`; grey fills all channels.
template <class ToByte>
void write_band(const BandImage& image, int64_t band, const ToByte& to_byte, uint8_t* out) {
  const float* value = image.band(band);
  const int64_t count = image.height * image.width;
  for (int64_t i = 0; i < count; ++i, ++value, out += 3) {
    const uint8_t byte = to_byte(*value);
    if (image.bands() == 1) {
      std::fill_n(out, 3, byte);
    } else {
      out[band] = byte;
    }
  }
}

// Maps [low, high] to 0 ... 255; `unknown` stands for NaN.
void write_range(const BandImage& image, int64_t band, double low, double high, double unknown, uint8_t* out) {
  write_band(
      image, band,
      [=](float value) {
    const double known = std::isnan(value) ? unknown : value;
    if (!(high > low)) return static_cast<uint8_t>(known > high ? kWhite : 0);
    return static_cast<uint8_t>(std::clamp((known - low) / (high - low), 0.0, 1.0) * kWhite + 0.5);
      },
      out);
}

struct Stretcher {
  const BandImage& image;
  uint8_t* out;

  void operator()(const DarkerHalfConfig& config) const {
    for (int64_t b = 0; b < image.bands(); ++b) {
      const auto [mean, deviation] = darker_half(image.band(b), image.height * image.width);
      write_range(image, b, mean - config.below * deviation, mean + config.above * deviation, mean, out);
    }
  }

  void operator()(const LinearConfig& config) const {
    for (int64_t b = 0; b < image.bands(); ++b) write_range(image, b, config.minimum, config.maximum, config.minimum, out);
  }

  void operator()(const AsinhConfig& config) const {
    constexpr double kGradientAt = 0.1;  // of Q, where astropy fixes the slope
    const double slope = kGradientAt / std::asinh(kGradientAt * config.q), soften = config.q / config.stretch;
    const int64_t count = image.height * image.width;
    uint8_t* pixel = out;
    for (int64_t i = 0; i < count; ++i, pixel += 3) {
      std::array<double, 3> colour{};
      for (int64_t c = 0; c < 3; ++c) {
        const float value = image.band(image.bands() == 1 ? 0 : c)[i];
        colour[static_cast<size_t>(c)] = std::isnan(value) ? 0 : value - config.minimum;
      }
      const double intensity = (colour[0] + colour[1] + colour[2]) / 3;
      const double factor = intensity > 0 ? std::asinh(intensity * soften) * slope / intensity : 0;
      for (double& value : colour) value = std::max(0.0, value * factor);
      const double brightest = std::max({colour[0], colour[1], colour[2]});
      for (int64_t c = 0; c < 3; ++c) {
        const double value = colour[static_cast<size_t>(c)];
        pixel[c] =
            static_cast<uint8_t>((brightest > 1 ? value / brightest : value) * kWhite);  // too bright ones keep their colour
      }
    }
  }
};

}  // namespace

Background darker_half(const float* values, int64_t count) {
  std::vector<float> known;
  std::copy_if(values, values + count, std::back_inserter(known), [](float value) { return !std::isnan(value); });
  if (known.empty()) throw std::invalid_argument("darker_half: no value");
  const size_t half = (known.size() + 1) / 2;
  std::nth_element(known.begin(), known.begin() + static_cast<std::ptrdiff_t>(half) - 1, known.end());
  Background background;
  for (size_t i = 0; i < half; ++i) background.mean += known[i];
  background.mean /= static_cast<double>(half);
  double squares = 0;
  for (size_t i = 0; i < half; ++i) squares += (known[i] - background.mean) * (known[i] - background.mean);
  background.deviation = std::sqrt(squares / static_cast<double>(half));
  return background;
}

void stretch(const BandImage& image, const StretchConfig& config, uint8_t* out) {
  if (image.bands() != 1 && image.bands() != 3) throw std::invalid_argument("stretch: neither one nor three bands");
  for (int64_t b = 0; b < image.bands(); ++b) {
    const float* values = image.band(b);
    if (std::all_of(values, values + image.height * image.width, [](float value) { return std::isnan(value); })) {
      throw ImageError(
          fmt::format("band {} has no value in the part that is used", printable(image.names[static_cast<size_t>(b)], 40)));
    }
  }
  std::visit(Stretcher{image, out}, config);
}

}  // namespace hpcai::data
