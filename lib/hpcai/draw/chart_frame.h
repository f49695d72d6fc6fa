#pragma once

#include <string>
#include <vector>

#include "hpcai/draw/axis.h"
#include "hpcai/draw/svg.h"

// A plot with two axes.
namespace hpcai::draw {

inline constexpr double kChartTick = 16, kChartText = 18;

// An axis of a chart. On a logarithmic one, values that are not above 0 lie where the smallest one above 0 does.
struct ChartAxis {
  std::string title;
  double low, high;  // values at its ends
  bool logarithmic = false;
  bool numbers = true;  // whether it has grid lines and numbers
};

// An axis that holds all `values`, finite numbers of any order, with a little room at both ends.
ChartAxis axis_around(std::string title, const std::vector<double>& values, bool logarithmic);

class ChartFrame {
 public:
  ChartFrame(const Rectangle& plot, ChartAxis x, ChartAxis y) : plot_(plot), x_(std::move(x)), y_(std::move(y)) {}

  const Rectangle& plot() const { return plot_; }
  double x(double value) const;  // pixels
  double y(double value) const;
  // Grid lines, numbers, titles of axes, and the frame. The numbers and titles need up to 116 pixels on the left of the plot and
  // 58 below it.
  void draw(Canvas& canvas) const;

 private:
  Rectangle plot_;
  ChartAxis x_, y_;
};

// A line of a legend.
struct ChartKey {
  std::string label;
  Stroke line;
  double opacity = 1;
};

// The plot of a chart that fills `cell`: the rest is for the heading, the numbers and the titles of the axes.
Rectangle chart_plot(const Rectangle& cell);

// The title of a chart and its legend in one line, above the plot.
void draw_chart_heading(Canvas& canvas, const Rectangle& plot, const std::string& title, const std::vector<ChartKey>& legend);

}  // namespace hpcai::draw
