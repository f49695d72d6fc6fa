#include "hpcai/simulate/galaxy_colour.h"

#include <algorithm>
#include <cmath>

namespace hpcai::simulate {

void clip_to_background(Plane& plane) {
  const double count = static_cast<double>(plane.values.size());
  double sum = 0;
  for (const float value : plane.values) sum += value;
  const double mean = sum / count;
  double squares = 0;
  for (const float value : plane.values) squares += (value - mean) * (value - mean);
  const double sigma = std::sqrt(squares / count);
  const float low = static_cast<float>(mean - sigma);
  const float scale = static_cast<float>(1 / std::max(6 * sigma, 1e-30));
  for (float& value : plane.values) value = std::clamp((value - low) * scale, 0.0F, 1.0F);
}

std::vector<uint8_t> direct_colours(const std::array<Plane, 3>& planes) {
  std::vector<uint8_t> pixels(3 * planes[0].values.size());
  for (size_t i = 0; i < planes[0].values.size(); ++i) {
    for (size_t c = 0; c < 3; ++c) pixels[3 * i + c] = static_cast<uint8_t>(planes[c].values[i] * 255);
  }
  return pixels;
}

std::vector<uint8_t> lupton_colours(const std::array<Plane, 3>& planes, double q, double stretch) {
  // The slope of the curve is fixed at a tenth of the range.
  const float slope = static_cast<float>(0.1 * 255 / std::asinh(0.1 * q));
  const float soften = static_cast<float>(q / stretch);
  std::vector<uint8_t> pixels(3 * planes[0].values.size());
  for (size_t i = 0; i < planes[0].values.size(); ++i) {
    const float red = planes[0].values[i], green = planes[1].values[i], blue = planes[2].values[i];
    const float intensity = (red + green + blue) / 3;
    if (intensity <= 0) continue;  // stays black
    float factor = std::asinh(intensity * soften) * slope / intensity;
    factor = std::min(factor, 255 / std::max({red, green, blue}));  // too bright: scaled down, with its colour
    pixels[3 * i] = static_cast<uint8_t>(red * factor);
    pixels[3 * i + 1] = static_cast<uint8_t>(green * factor);
    pixels[3 * i + 2] = static_cast<uint8_t>(blue * factor);
  }
  return pixels;
}

std::vector<uint8_t> skyserver_colours(const std::array<Plane, 3>& planes) {
  constexpr std::array<float, 3> kWeights{0.12F, 0.144F, 0.228F};
  constexpr float kSoftening = 14, kSky = 0.0025F;
  const float top = std::asinh(kSoftening);
  std::vector<uint8_t> pixels(3 * planes[0].values.size());
  for (size_t i = 0; i < planes[0].values.size(); ++i) {
    std::array<float, 3> light{};
    float mean = 0;
    for (size_t c = 0; c < 3; ++c) {
      light[c] = std::max(planes[c].values[i] * kWeights[c] + kSky, 0.0F);
      mean += light[c] / 3;
    }
    if (mean <= 0) continue;  // stays black
    const float factor = 255 * std::asinh(kSoftening * mean) / (top * mean);
    for (size_t c = 0; c < 3; ++c) pixels[3 * i + c] = static_cast<uint8_t>(std::min(light[c] * factor, 255.0F));
  }
  return pixels;
}

Plane resize(const Plane& plane, int size) {
  const double ratio = static_cast<double>(plane.size) / size;
  std::vector<int> first(static_cast<size_t>(size)), second(first);
  std::vector<float> weight(static_cast<size_t>(size));
  for (int i = 0; i < size; ++i) {
    const double at = std::clamp((i + 0.5) * ratio - 0.5, 0.0, plane.size - 1.0);
    first[i] = static_cast<int>(at);
    second[i] = std::min(first[i] + 1, plane.size - 1);
    weight[i] = static_cast<float>(at - first[i]);
  }
  Plane out(size);
  for (int y = 0; y < size; ++y) {
    const float* above = plane.row(first[y]);
    const float* below = plane.row(second[y]);
    float* target = out.row(y);
    for (int x = 0; x < size; ++x) {
      const float top = above[first[x]] + weight[x] * (above[second[x]] - above[first[x]]);
      const float bottom = below[first[x]] + weight[x] * (below[second[x]] - below[first[x]]);
      target[x] = top + weight[y] * (bottom - top);
    }
  }
  return out;
}

}  // namespace hpcai::simulate
