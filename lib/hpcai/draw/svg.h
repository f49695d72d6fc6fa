#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Writes standalone SVG. A canvas records the place of everything it draws, so that a test can check whether a text leaves the
// canvas or a legend covers a point. Lengths are in SVG pixels; y grows downwards.
namespace hpcai::draw {

struct Rectangle {
  double left = 0, top = 0, right = 0, bottom = 0;

  double width() const { return right - left; }
  double height() const { return bottom - top; }
  double middle() const { return (left + right) / 2; }
  bool overlaps(const Rectangle& other) const;  // whether the interiors intersect
  bool holds(const Rectangle& other) const;     // whether `other` lies within
};

// The palette of Okabe and Ito (2008), which colour-blind people can distinguish, and greys.
namespace colour {
inline constexpr std::string_view kInk = "#222222", kGrey = "#666666", kGrid = "#e4e4e4", kFrame = "#999999";
inline constexpr std::string_view kOrange = "#E69F00", kSkyBlue = "#56B4E9", kGreen = "#009E73", kYellow = "#F0E442";
inline constexpr std::string_view kBlue = "#0072B2", kVermillion = "#D55E00", kPurple = "#CC79A7", kBlack = "#000000";
}  // namespace colour

enum class Anchor { start, middle, end };

struct TextStyle {
  double size = 20;
  std::string_view colour = colour::kInk;
  Anchor anchor = Anchor::start;
  bool bold = false;
  bool italic = false;
  bool upwards = false;  // turned by a quarter to the left around its anchor
};

struct Stroke {
  std::string_view colour = colour::kInk;
  double width = 2;
  std::string_view dashes = {};  // as stroke-dasharray; empty: a solid line
};

enum class Shape { circle, diamond, triangle, square };

struct MarkerStyle {
  Shape shape = Shape::circle;
  std::string_view colour = colour::kInk;
  bool filled = true;
  double radius = 7;
  double outline = 2;  // the width of its line
  double opacity = 1;
};

// The purpose of a drawn element.
enum class Role { heading, note, legend, tick, cell, point, bar };

struct Mark {
  Role role;
  Rectangle box;
  std::string text;  // empty for a shape
};

class Canvas {
 public:
  // `description`: alternative text, which screen readers read.
  Canvas(double width, double height, std::string description);

  // Draw one element each and record a Mark for those with a role.
  void text(Role role, double x, double baseline, std::string_view text, const TextStyle& style);
  void line(double x1, double y1, double x2, double y2, const Stroke& stroke);
  void polyline(const std::vector<std::pair<double, double>>& points, const Stroke& stroke);
  // Closed rings of points, filled where an odd number of them surrounds a place.
  void area(const std::vector<std::vector<std::pair<double, double>>>& rings, std::string_view fill, double opacity);
  void rectangle(Role role, const Rectangle& box, std::string_view fill, double opacity = 1);
  void frame(const Rectangle& box, const Stroke& stroke);
  void marker(Role role, double x, double y, const MarkerStyle& style);
  // The image of a PNG file, stretched to `box`. `sharp`: without smoothing, for images of few pixels.
  void picture(Role role, const Rectangle& box, std::string_view png, bool sharp);

  Rectangle box() const { return {0, 0, width_, height_}; }
  const std::vector<Mark>& marks() const { return marks_; }
  std::string svg() const;  // the whole document

 private:
  double width_, height_;
  std::string description_, body_;
  std::vector<Mark> marks_;
};

// The width of a text in pixels, in the widest font that a viewer is likely to use (DejaVu Sans). The estimate is rather too
// wide.
double text_width(std::string_view text, double size, bool bold = false);

// Breaks a text at spaces into lines that are at most `width` pixels wide.
std::vector<std::string> wrap(std::string_view text, double size, double width);

}  // namespace hpcai::draw
