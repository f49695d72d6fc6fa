#include "hpcai/draw/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "hpcai/core/base64.h"
#include "hpcai/core/text.h"

namespace hpcai::draw {
namespace {

// Heights above and below the baseline, in units of the font size.
constexpr double kAscent = 0.78, kDescent = 0.24;

// The text with the special characters of XML escaped.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : printable(text, text.size())) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string attributes(const Stroke& stroke) {
  const std::string dashes = stroke.dashes.empty() ? "" : fmt::format(" stroke-dasharray=\"{}\"", stroke.dashes);
  return fmt::format("fill=\"none\" stroke=\"{}\" stroke-width=\"{:g}\"{}", stroke.colour, stroke.width, dashes);
}

std::string path_of(const std::vector<std::pair<double, double>>& points) {
  std::string path;
  for (const auto& [x, y] : points) path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
  return path;
}

// In units of the font size.
double character_width(unsigned char c) {
  if (c >= 0x80) return c >= 0xC0 ? 0.84 : 0;  // a UTF-8 sequence counts once
  const std::string_view narrow = "ijl.,:;|!'I ", middling = "()[]/-rtf", wide = "mwMW%@";
  if (narrow.find(static_cast<char>(c)) != std::string_view::npos) return 0.34;
  if (middling.find(static_cast<char>(c)) != std::string_view::npos) return 0.42;
  if (wide.find(static_cast<char>(c)) != std::string_view::npos) return 0.97;
  return c >= 'A' && c <= 'Z' ? 0.72 : 0.635;
}

}  // namespace

bool Rectangle::overlaps(const Rectangle& other) const {
  return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
}

bool Rectangle::holds(const Rectangle& other) const {
  return other.left >= left && other.right <= right && other.top >= top && other.bottom <= bottom;
}

double text_width(std::string_view text, double size, bool bold) {
  double width = 0;
  for (const char c : text) width += character_width(static_cast<unsigned char>(c));
  return width * size * (bold ? 1.1 : 1);
}

std::vector<std::string> wrap(std::string_view text, double size, double width) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word(text.substr(begin, end - begin));
    if (lines.empty() || text_width(lines.back() + " " + word, size) > width) {
      lines.push_back(word);
    } else {
      lines.back() += " " + word;
    }
    begin = end + 1;
  }
  return lines;
}

Canvas::Canvas(double width, double height, std::string description)
    : width_(width), height_(height), description_(std::move(description)) {}

void Canvas::text(Role role, double x, double baseline, std::string_view text, const TextStyle& style) {
  const double width = text_width(text, style.size, style.bold);
  const double before = style.anchor == Anchor::start ? 0 : style.anchor == Anchor::middle ? width / 2 : width;
  const double ascent = kAscent * style.size, descent = kDescent * style.size;
  const Rectangle box = style.upwards ? Rectangle{x - ascent, baseline - (width - before), x + descent, baseline + before}
                                      : Rectangle{x - before, baseline - ascent, x - before + width, baseline + descent};
  marks_.push_back({role, box, std::string(text)});
  constexpr const char* kAnchors[] = {"start", "middle", "end"};
  fmt::format_to(std::back_inserter(body_),
                 "<text x=\"{0:.1f}\" y=\"{1:.1f}\" font-size=\"{2:g}\" fill=\"{3}\" text-anchor=\"{4}\"{5}{6}{7}>{8}</text>\n",
                 x, baseline, style.size, style.colour, kAnchors[static_cast<int>(style.anchor)],
                 style.bold ? " font-weight=\"bold\"" : "", style.italic ? " font-style=\"italic\"" : "",
                 style.upwards ? fmt::format(" transform=\"rotate(-90 {:.1f} {:.1f})\"", x, baseline) : "", escaped(text));
}

void Canvas::line(double x1, double y1, double x2, double y2, const Stroke& stroke) { polyline({{x1, y1}, {x2, y2}}, stroke); }

void Canvas::polyline(const std::vector<std::pair<double, double>>& points, const Stroke& stroke) {
  fmt::format_to(std::back_inserter(body_), "<path d=\"{}\" {}/>\n", path_of(points), attributes(stroke));
}

void Canvas::area(const std::vector<std::vector<std::pair<double, double>>>& rings, std::string_view fill, double opacity) {
  if (rings.empty()) return;
  std::string path;
  for (const auto& ring : rings) path += path_of(ring) + "Z";
  fmt::format_to(std::back_inserter(body_), "<path d=\"{}\" fill=\"{}\" fill-rule=\"evenodd\" opacity=\"{:g}\"/>\n", path, fill,
                 opacity);
}

void Canvas::rectangle(Role role, const Rectangle& box, std::string_view fill, double opacity) {
  marks_.push_back({role, box, ""});
  fmt::format_to(std::back_inserter(body_),
                 "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"{}/>\n", box.left, box.top,
                 box.width(), box.height(), fill, opacity < 1 ? fmt::format(" opacity=\"{:g}\"", opacity) : "");
}

void Canvas::frame(const Rectangle& box, const Stroke& stroke) {
  fmt::format_to(std::back_inserter(body_), "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" {}/>\n", box.left,
                 box.top, box.width(), box.height(), attributes(stroke));
}

void Canvas::marker(Role role, double x, double y, const MarkerStyle& style) {
  const double r = style.radius;
  marks_.push_back({role, {x - r, y - r, x + r, y + r}, ""});
  const std::string paint =
      fmt::format("fill=\"{}\" stroke=\"{}\" stroke-width=\"{:g}\"{}", style.filled ? style.colour : "#ffffff", style.colour,
                  style.outline, style.opacity < 1 ? fmt::format(" opacity=\"{:g}\"", style.opacity) : "");
  auto out = std::back_inserter(body_);
  switch (style.shape) {
    case Shape::circle: fmt::format_to(out, "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:g}\" {}/>\n", x, y, r, paint); return;
    case Shape::diamond:
      fmt::format_to(out, "<path d=\"M{0:.1f} {2:.1f}L{3:.1f} {1:.1f}L{0:.1f} {4:.1f}L{5:.1f} {1:.1f}Z\" {6}/>\n", x, y, y - r,
                     x + r, y + r, x - r, paint);
      return;
    case Shape::triangle:
      fmt::format_to(out, "<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}L{:.1f} {:.1f}Z\" {}/>\n", x, y - r, x + r, y + 0.8 * r, x - r,
                     y + 0.8 * r, paint);
      return;
    case Shape::square:
      fmt::format_to(out, "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" {}/>\n", x - r, y - r, 2 * r, 2 * r,
                     paint);
      return;
  }
}

void Canvas::picture(Role role, const Rectangle& box, std::string_view png, bool sharp) {
  marks_.push_back({role, box, ""});
  fmt::format_to(std::back_inserter(body_),
                 "<image x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" preserveAspectRatio=\"none\"{} "
                 "href=\"data:image/png;base64,{}\"/>\n",
                 box.left, box.top, box.width(), box.height(), sharp ? " style=\"image-rendering:pixelated\"" : "", base64(png));
}

std::string Canvas::svg() const {
  return fmt::format(
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:g}\" height=\"{1:g}\" viewBox=\"0 0 {0:g} {1:g}\" "
             "role=\"img\" "
             "font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n<title>{2}</title>\n"
             "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
             width_, height_, escaped(description_)) +
         body_ + "</svg>\n";
}

}  // namespace hpcai::draw
