#include "hpcai/draw/picture_sheet.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai::draw {
namespace {

constexpr double kPictureGap = 4, kCellGap = 22, kCaptionSize = 15, kCaptionLine = 20, kSheetTitle = 20;

// The longest start of a text that is at most `width` wide, with "..." if it is not all of it.
std::string shortened(const std::string& text, double width) {
  for (size_t most = text.size(); most > 0; --most) {
    std::string part = printable(text, most);
    if (text_width(part, kCaptionSize) <= width) return part;
  }
  return "";
}

}  // namespace

Canvas draw_picture_sheet(std::span<const PictureCell> cells, int64_t columns, double width, double height,
                          const std::string& title) {
  if (cells.empty() || columns < 1) {
    throw Error(ExitCode::usage, fmt::format("picture sheet: {} cells in {} columns", cells.size(), columns),
                "Give at least one cell and one column.");
  }
  size_t pictures = 1, captions = 0;
  for (const PictureCell& cell : cells) {
    pictures = std::max(pictures, cell.pngs.size());
    captions = std::max(captions, cell.captions.size());
  }
  const auto count = static_cast<int64_t>(cells.size());
  columns = std::min(columns, count);
  const double cell_width = static_cast<double>(pictures) * (width + kPictureGap) - kPictureGap;
  const double cell_height = height + kCaptionLine * static_cast<double>(captions) + 8;
  const double sheet_width = kCellGap + static_cast<double>(columns) * (cell_width + kCellGap);
  const std::vector<std::string> lines = wrap(title, kSheetTitle, sheet_width - 2 * kCellGap);
  const double top = 18 + 26 * static_cast<double>(lines.size());
  const int64_t rows = (count + columns - 1) / columns;
  Canvas canvas(sheet_width, top + static_cast<double>(rows) * (cell_height + kCellGap), title);
  for (size_t l = 0; l < lines.size(); ++l) {
    canvas.text(Role::heading, kCellGap, 30 + 26 * static_cast<double>(l), lines[l], {.size = kSheetTitle, .bold = true});
  }
  for (int64_t i = 0; i < count; ++i) {
    const PictureCell& cell = cells[static_cast<size_t>(i)];
    const double left = kCellGap + static_cast<double>(i % columns) * (cell_width + kCellGap);
    const double y = top + static_cast<double>(i / columns) * (cell_height + kCellGap);
    for (size_t k = 0; k < cell.pngs.size(); ++k) {
      const double x = left + static_cast<double>(k) * (width + kPictureGap);
      canvas.image({x, y, x + width, y + height}, cell.pngs[k]);
    }
    for (size_t l = 0; l < cell.captions.size(); ++l) {
      const std::string caption = shortened(cell.captions[l], cell_width);
      if (caption.empty()) continue;
      canvas.text(Role::note, left, y + height + kCaptionLine * static_cast<double>(l + 1) - 2, caption, {.size = kCaptionSize});
    }
  }
  return canvas;
}

}  // namespace hpcai::draw
