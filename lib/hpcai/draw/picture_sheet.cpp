#include "hpcai/draw/picture_sheet.h"

#include <algorithm>

namespace hpcai::draw {
namespace {

constexpr double kWidestRow = 6 * 210, kPictureGap = 20, kSheetMargin = 24, kSheetTop = 88, kCaption = 15, kCaptionLine = 21;

// The text if it is at most `width` pixels wide; else what follows its last slash, or the end of the text after dots.
std::string fitted(const std::string& text, double size, double width) {
  std::string shown = text;
  if (text_width(shown, size) <= width) return shown;
  shown = text.substr(text.rfind('/') + 1);  // all of it if there is none
  for (size_t left_out = 1; left_out < text.size() && text_width(shown, size) > width; ++left_out) {
    if ((static_cast<unsigned char>(text[left_out]) & 0xC0) == 0x80) continue;  // within a UTF-8 sequence
    shown = "..." + text.substr(left_out);
  }
  return shown;
}

// The largest rectangle of the picture's shape in a square.
Rectangle place_of(const Picture& picture, double side, double left, double top) {
  const double height = static_cast<double>(std::max<int64_t>(1, picture.height));
  const double width = static_cast<double>(std::max<int64_t>(1, picture.width));
  const double scale = side / std::max(height, width);
  const double x = left + (side - width * scale) / 2, y = top;
  return {x, y, x + width * scale, y + height * scale};
}

}  // namespace

Canvas draw_picture_sheet(const PictureSheet& sheet) {
  size_t lines = 0;
  double highest = 0;
  for (const Picture& picture : sheet.pictures) {
    lines = std::max(lines, picture.caption.size());
    highest = std::max(highest, place_of(picture, sheet.side, 0, 0).height());
  }
  const size_t columns = std::clamp<size_t>(sheet.pictures.size(), 1, static_cast<size_t>(kWidestRow / sheet.side));
  const size_t rows = (sheet.pictures.size() + columns - 1) / columns;
  const double cell = sheet.side + kPictureGap, row = highest + 12 + kCaptionLine * static_cast<double>(lines) + 14;
  const double headings = std::max({text_width(sheet.title, 22, true), text_width(sheet.subtitle, 18),
                                    sheet.pictures.empty() ? text_width(sheet.without, 18) : 0.0});
  const double width = std::max(headings, static_cast<double>(columns) * cell - kPictureGap) + 2 * kSheetMargin;
  const double height = kSheetTop + (rows == 0 ? 40 : static_cast<double>(rows) * row) + kSheetMargin;
  Canvas canvas(width, height, sheet.description);
  canvas.text(Role::heading, kSheetMargin, 34, sheet.title, {.size = 22, .bold = true});
  canvas.text(Role::heading, kSheetMargin, 64, sheet.subtitle, {.size = 18, .colour = colour::kGrey});
  if (sheet.pictures.empty()) canvas.text(Role::note, kSheetMargin, kSheetTop + 26, sheet.without, {.size = 18});
  for (size_t i = 0; i < sheet.pictures.size(); ++i) {
    const Picture& picture = sheet.pictures[i];
    const double left = kSheetMargin + static_cast<double>(i % columns) * cell;
    const double top = kSheetTop + static_cast<double>(i / columns) * row;
    const Rectangle box = place_of(picture, sheet.side, left, top);
    canvas.picture(Role::point, box, picture.png, static_cast<double>(picture.width) < 0.6 * box.width());
    for (size_t k = 0; k < picture.caption.size(); ++k) {
      canvas.text(Role::cell, left, top + highest + 20 + kCaptionLine * static_cast<double>(k),
                  fitted(picture.caption[k], kCaption, sheet.side - 4), {.size = kCaption});
    }
  }
  return canvas;
}

}  // namespace hpcai::draw
