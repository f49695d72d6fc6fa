#include "hpcai/data/augmentation.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "hpcai/core/random.h"

namespace hpcai::data {

// All numbers are drawn whatever the config asks for, so that switching one change on leaves the others as they were.
DrawnAugmentation draw_augmentation(const AugmentationConfig& config, const Draw& draw, int64_t index, int64_t height,
                                    int64_t width) {
  Random random(draw.seed, static_cast<uint64_t>(draw.epoch), static_cast<uint64_t>(index), Purpose::augment);
  const bool mirror_columns = random.coin() && config.horizontal_flip;
  const bool mirror_rows = random.coin() && config.vertical_flip;
  const uint64_t turns = random.below(4) * (config.quarter_turns ? 1 : 0);
  const double angle = random.uniform(-1, 1) * config.rotation_deg * std::numbers::pi / 180;
  const double shift_columns = random.uniform(-1, 1) * config.shift * static_cast<double>(width);
  const double shift_rows = random.uniform(-1, 1) * config.shift * static_cast<double>(height);
  double zoom_columns = (1 + random.uniform(-1, 1) * config.zoom) * (mirror_columns ? -1 : 1);
  double zoom_rows = (1 + random.uniform(-1, 1) * config.zoom) * (mirror_rows ? -1 : 1);
  DrawnAugmentation drawn;
  drawn.brightness = random.uniform(-1, 1) * config.brightness;
  drawn.contrast = 1 + random.uniform(-1, 1) * config.contrast;
  const double scale = std::exp(random.uniform(-1, 1) * config.scale);
  zoom_columns *= scale;
  zoom_rows *= scale;

  // Quarter turns come from a table: cos(pi / 2) is not exactly 0, and a mere turn shall move pixels without blending.
  constexpr double kCosine[] = {1, 0, -1, 0}, kSine[] = {0, 1, 0, -1};
  const double c = std::cos(angle) * kCosine[turns] - std::sin(angle) * kSine[turns];
  const double s = std::sin(angle) * kCosine[turns] + std::cos(angle) * kSine[turns];
  const double middle_column = 0.5 * static_cast<double>(width - 1), middle_row = 0.5 * static_cast<double>(height - 1);
  // input - middle = R (zoom (output - middle) + shift), R = rotation
  Affine& m = drawn.affine;
  m[0] = c * zoom_columns;
  m[1] = -s * zoom_rows;
  m[3] = s * zoom_columns;
  m[4] = c * zoom_rows;
  m[2] = c * shift_columns - s * shift_rows + middle_column - m[0] * middle_column - m[1] * middle_row;
  m[5] = s * shift_columns + c * shift_rows + middle_row - m[3] * middle_column - m[4] * middle_row;
  drawn.warps = m != Affine{1, 0, 0, 0, 1, 0};
  return drawn;
}

Box draw_crop(const AugmentationConfig& config, const Draw& draw, int64_t index, int64_t height, int64_t width) {
  constexpr int kTries = 10;
  Random random(draw.seed, static_cast<uint64_t>(draw.epoch), static_cast<uint64_t>(index), Purpose::crop);
  const double area = static_cast<double>(height) * static_cast<double>(width), widest = std::log(config.crop_ratio);
  for (int i = 0; i < kTries; ++i) {
    const double part = area * random.uniform(config.crop_area, 1), ratio = std::exp(random.uniform(-widest, widest));
    const int64_t columns = std::llround(std::sqrt(part * ratio)), rows = std::llround(std::sqrt(part / ratio));
    if (columns < 1 || columns > width || rows < 1 || rows > height) continue;
    const auto top = static_cast<int64_t>(random.below(static_cast<uint64_t>(height - rows + 1)));
    const auto left = static_cast<int64_t>(random.below(static_cast<uint64_t>(width - columns + 1)));
    return {top, left, rows, columns};
  }
  const int64_t rows = std::min(height, std::max<int64_t>(1, std::llround(static_cast<double>(width) * config.crop_ratio)));
  const int64_t columns = std::min(width, std::max<int64_t>(1, std::llround(static_cast<double>(height) * config.crop_ratio)));
  return {(height - rows) / 2, (width - columns) / 2, rows, columns};
}

}  // namespace hpcai::data
