#include "hpcai/draw/contact_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "hpcai/core/error.h"
#include "hpcai/draw/font.h"

namespace hpcai::draw {
namespace {

constexpr int64_t kGap = 4;
constexpr uint8_t kTextGrey = 210;

void copy_magnified(const Raster& image, int64_t magnification, int64_t top, int64_t left, Raster& sheet) {
  for (int64_t y = 0; y < image.height * magnification; ++y) {
    const uint8_t* from = image.pixels.data() + 3 * (y / magnification) * image.width;
    uint8_t* to = sheet.pixels.data() + 3 * ((top + y) * sheet.width + left);
    for (int64_t x = 0; x < image.width * magnification; ++x) {
      std::copy_n(from + 3 * (x / magnification), 3, to + 3 * x);
    }
  }
}

void write_caption(std::string_view caption, int64_t top, int64_t left, int64_t width, Raster& sheet) {
  const size_t room = static_cast<size_t>(width / (kGlyphWidth + 1));
  for (size_t i = 0; i < std::min(room, caption.size()); ++i) {
    const auto rows = glyph(caption[i]);
    const int64_t x0 = left + static_cast<int64_t>(i) * (kGlyphWidth + 1);
    for (int64_t y = 0; y < kGlyphHeight; ++y) {
      for (int64_t x = 0; x < kGlyphWidth; ++x) {
        if ((rows[y] >> (kGlyphWidth - 1 - x) & 1) == 0) continue;
        std::fill_n(sheet.pixels.data() + 3 * ((top + y) * sheet.width + x0 + x), 3, kTextGrey);
      }
    }
  }
}

}  // namespace

Raster contact_sheet(std::span<const Thumbnail> thumbnails, int64_t columns, int64_t magnification) {
  if (thumbnails.empty() || columns < 1 || magnification < 1) {
    throw Error(
        ExitCode::usage,
        fmt::format("contact sheet: {} images in {} columns, magnified {} times", thumbnails.size(), columns, magnification),
        "give at least one image, one column and a magnification of one");
  }
  int64_t height = 0, width = 0;
  bool captions = false;
  for (const Thumbnail& thumbnail : thumbnails) {
    height = std::max(height, thumbnail.image.height);
    width = std::max(width, thumbnail.image.width);
    captions = captions || !thumbnail.caption.empty();
  }
  const int64_t count = static_cast<int64_t>(thumbnails.size());
  columns = std::min(columns, count);
  const int64_t rows = (count + columns - 1) / columns;
  // Divisions instead of products, which could overflow.
  const int64_t most = kLongestSide / magnification;
  const int64_t caption_height = captions ? kGlyphHeight + kGap : 0;
  const int64_t cell_width = width <= most ? width * magnification + kGap : kLongestSide;
  const int64_t cell_height = height <= most ? height * magnification + caption_height + kGap : kLongestSide;
  if (columns > (kLongestSide - kGap) / cell_width || rows > (kLongestSide - kGap) / cell_height) {
    throw Error(ExitCode::usage, fmt::format("contact sheet: {} x {} cells are too many for one image", columns, rows),
                "choose fewer images or a smaller magnification");
  }

  Raster sheet;
  sheet.height = rows * cell_height + kGap;
  sheet.width = columns * cell_width + kGap;
  sheet.pixels.assign(static_cast<size_t>(3 * sheet.height * sheet.width), 0);
  for (int64_t i = 0; i < count; ++i) {
    const Thumbnail& thumbnail = thumbnails[static_cast<size_t>(i)];
    const int64_t top = kGap + i / columns * cell_height;
    const int64_t left = kGap + i % columns * cell_width;
    copy_magnified(thumbnail.image, magnification, top + (height - thumbnail.image.height) * magnification / 2,
                   left + (width - thumbnail.image.width) * magnification / 2, sheet);
    write_caption(thumbnail.caption, top + height * magnification + kGap / 2, left, width * magnification, sheet);
  }
  return sheet;
}

}  // namespace hpcai::draw
