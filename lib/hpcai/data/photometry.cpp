#include "hpcai/data/photometry.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "hpcai/core/random.h"
#include "hpcai/data/stage_clock.h"
#include "hpcai/simulate/fast_normal.h"

namespace hpcai::data {
namespace {

Random colour_stream(const Draw& draw, int64_t index) {
  return Random(draw.seed, static_cast<uint64_t>(draw.epoch), static_cast<uint64_t>(index), Purpose::colour);
}

constexpr int kDraws = 64;  // words of the stream that draw_photometry() may use; the noise starts behind them

void change_colours(const DrawnPhotometry& drawn, int64_t count, float* planes) {
  const auto saturation = static_cast<float>(drawn.saturation), gamma = static_cast<float>(drawn.gamma);
  const std::array<float, 3> gain{static_cast<float>(drawn.gain[0]), static_cast<float>(drawn.gain[1]),
                                  static_cast<float>(drawn.gain[2])};
  for (int64_t i = 0; i < count; ++i) {
    const float grey = (planes[i] + planes[count + i] + planes[2 * count + i]) / 3;
    for (int64_t c = 0; c < 3; ++c) {
      float& value = planes[c * count + i];
      if (saturation != 1) value = grey + saturation * (value - grey);
      value = std::clamp(value * gain[static_cast<size_t>(c)], 0.0F, 1.0F);
      if (gamma != 1) value = std::pow(value, gamma);
    }
  }
}

// Mixes one plane [height, width] with its 3 x 3 mean; pixels outside repeat the border.
void blur_plane(double part, int64_t height, int64_t width, float* plane) {
  thread_local std::vector<float> across, mean;
  across.resize(static_cast<size_t>(height * width));
  mean.resize(across.size());
  for (int64_t y = 0; y < height; ++y) {
    const float* row = plane + y * width;
    for (int64_t x = 0; x < width; ++x) {
      across[y * width + x] = row[std::max<int64_t>(x - 1, 0)] + row[x] + row[std::min(x + 1, width - 1)];
    }
  }
  for (int64_t y = 0; y < height; ++y) {
    const float *above = &across[std::max<int64_t>(y - 1, 0) * width], *below = &across[std::min(y + 1, height - 1) * width];
    for (int64_t x = 0; x < width; ++x) mean[y * width + x] = (above[x] + across[y * width + x] + below[x]) / 9;
  }
  const auto weight = static_cast<float>(part);
  for (int64_t i = 0; i < height * width; ++i) plane[i] += weight * (mean[i] - plane[i]);
}

}  // namespace

// All numbers are drawn whatever the config asks for, so that switching one change on leaves the others as they were.
DrawnPhotometry draw_photometry(const AugmentationConfig& config, const Draw& draw, int64_t index) {
  Random random = colour_stream(draw, index);
  DrawnPhotometry drawn;
  drawn.saturation = 1 - config.saturation * random.uniform();
  if (random.uniform() < config.grey) drawn.saturation = 0;
  for (double& gain : drawn.gain) gain = std::exp(config.channel_gain * random.uniform(-1, 1));
  drawn.gamma = std::exp(config.gamma * random.uniform(-1, 1));
  drawn.blur = config.blur * random.uniform();
  drawn.noise = config.noise * random.uniform();
  drawn.changes = config.saturation > 0 || config.grey > 0 || config.channel_gain > 0 || config.gamma > 0 || config.blur > 0 ||
                  config.noise > 0;
  return drawn;
}

void apply_photometry(const DrawnPhotometry& drawn, const Draw& draw, int64_t index, int64_t height, int64_t width,
                      float* planes) {
  const int64_t count = height * width;
  const ScopedStage stage(Stage::augment, 3 * count * static_cast<int64_t>(sizeof(float)));
  change_colours(drawn, count, planes);
  if (drawn.blur > 0) {
    for (int64_t c = 0; c < 3; ++c) blur_plane(drawn.blur, height, width, planes + c * count);
  }
  if (drawn.noise == 0) return;
  Random random = colour_stream(draw, index);
  for (int i = 0; i < kDraws; ++i) random.bits();
  simulate::FastNormal normal(random);
  const auto deviation = static_cast<float>(drawn.noise);
  for (int64_t i = 0; i < 3 * count; ++i) planes[i] = std::clamp(planes[i] + deviation * normal(), 0.0F, 1.0F);
}

}  // namespace hpcai::data
