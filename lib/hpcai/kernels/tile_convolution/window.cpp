#include "hpcai/kernels/tile_convolution/window.h"

#include <algorithm>

#include "hpcai/kernels/tile_products/cpu/image_tiles.h"

namespace hpcai::kernels::image_products {
namespace {

using image_tiles::kBlock;
using image_tiles::kNowhere;
using image_tiles::kTile;

int64_t rounded_up(int64_t count, int64_t unit) { return (count + unit - 1) / unit * unit; }

Tap farthest(const Window& window) {
  Tap most{.y = 0, .x = 0};
  for (const Tap& tap : window.taps) most = {.y = std::max(most.y, tap.y), .x = std::max(most.x, tap.x)};
  return most;
}

// Rows must be in one piece, and enough for a tile.
bool are_plain_rows(const Images& images, const Window& window) {
  return window.taps.size() == 1 && window.stride == 1 && window.top == 0 && window.left == 0 && images.samples == 1 &&
         images.width == 1 && images.height == window.lines && images.height >= kTile && images.channels % kBlock == 0;
}

// Rows whose distance is a multiple of 1 KiB would share few sets of the first cache level.
int64_t length_of_rows(int64_t channels) {
  constexpr int64_t kConflict = 512;
  const int64_t length = rounded_up(channels, kBlock);
  return length % kConflict == 0 ? length + kBlock : length;
}

int64_t lines_of_segment(const Window& window, int64_t width, int64_t wanted_rows) {
  const int64_t most = std::clamp<int64_t>(wanted_rows / width, 1, window.lines);
  const int64_t count = (window.lines + most - 1) / most, lines = (window.lines + count - 1) / count;
  return width == 1 ? std::min(window.lines, rounded_up(lines, kBlock)) : lines;
}

}  // namespace

Grid::Grid(const Images& images, const Window& window, int64_t wanted_rows)
    : images_(images), window_(window), direct_(are_plain_rows(images, window)) {
  const auto [y, x] = farthest(window);
  const int64_t beyond = window.columns + x - window.left - images.width;  // columns right of the image
  width_ = window.stride == 1 ? images.width + std::max({int64_t{0}, window.left, beyond}) : window.columns + x / window.stride;
  halo_ = y / window.stride;
  row_length_ = direct_ ? images.channels : length_of_rows(images.channels);
  lines_ = lines_of_segment(window, width_, wanted_rows);
  in_sample_ = (window.lines + lines_ - 1) / lines_;
  int64_t most = 0;
  for (const Tap& tap : window.taps) most = std::max(most, offset(tap));
  const int64_t positions = rounded_up((lines_ - 1) * width_ + window.columns, kBlock);
  copied_rows_ = rounded_up(std::max(parts() * width_, positions + most), 2);
}

int64_t Grid::offset(const Tap& tap) const {
  const int64_t stride = window_.stride;
  return (phase_of(tap) * (lines_ + halo_) + tap.y / stride) * width_ + tap.x / stride;
}

int64_t Grid::phases() const {
  int64_t last = 0;
  for (const Tap& tap : window_.taps) last = std::max(last, phase_of(tap));
  return last + 1;
}

Segment Grid::segment(int64_t number) const {
  const int64_t first = number % in_sample_ * lines_;
  return {.sample = number / in_sample_, .first = first, .lines = std::min(lines_, window_.lines - first)};
}

void Grid::copy_part(const Segment& segment, int64_t part, uint16_t* to) const {
  const int64_t in_phase = lines_ + halo_, phase = part / in_phase, stride = window_.stride;
  const int64_t y = stride * (segment.first + part % in_phase) + phase / stride - window_.top;
  uint16_t* const line = to + part * width_ * row_length_;
  if (y < 0 || y >= images_.height) {
    std::fill_n(line, width_ * row_length_, uint16_t{0});
  } else {
    const int64_t pixel = (segment.sample * images_.height + y) * images_.width;
    copy_line(images_.data + pixel * images_.channels, phase % stride, line);
  }
  if (part + 1 == parts()) std::fill(line + width_ * row_length_, to + copied_rows_ * row_length_, uint16_t{0});
}

void Grid::copy_line(const uint16_t* line, int64_t phase_x, uint16_t* to) const {
  const int64_t stride = window_.stride, channels = images_.channels, shift = window_.left - phase_x;
  const auto ceiling = [&](int64_t x) { return std::clamp<int64_t>(x <= 0 ? 0 : (x + stride - 1) / stride, 0, width_); };
  const int64_t first = ceiling(shift), end = std::max(first, ceiling(images_.width + shift));
  std::fill_n(to, first * row_length_, uint16_t{0});
  std::fill(to + end * row_length_, to + width_ * row_length_, uint16_t{0});
  line += (stride * first - shift) * channels;
  to += first * row_length_;
  if (stride == 1 && row_length_ == channels) {
    std::copy_n(line, (end - first) * channels, to);
    return;
  }
  for (int64_t column = first; column < end; ++column, line += stride * channels, to += row_length_) {
    std::fill(std::copy_n(line, channels, to), to + row_length_, uint16_t{0});
  }
}

int64_t Grid::target(const Segment& segment, int64_t row, const Images& out, const Lattice& lattice) const {
  const int64_t line = row / width_, column = row % width_;
  if (row < 0 || line >= segment.lines || column >= window_.columns) return kNowhere;
  const int64_t y = lattice.step * (segment.first + line) + lattice.top, x = lattice.step * column + lattice.left;
  return ((segment.sample * out.height + y) * out.width + x) * out.channels;
}

}  // namespace hpcai::kernels::image_products
