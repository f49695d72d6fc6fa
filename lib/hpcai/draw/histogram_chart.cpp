#include "hpcai/draw/histogram_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/draw/chart_frame.h"

namespace hpcai::draw {
namespace {

void check(const HistogramChart& chart) {
  const auto refuse = [&](const char* what) {
    throw Error(ExitCode::bad_data, fmt::format("chart \"{}\": {}", chart.title, what));
  };
  if (chart.sets.empty()) refuse("no values");
  for (const HistogramChart::Set& set : chart.sets) {
    if (set.values.empty()) refuse("no values");
    if (!std::ranges::all_of(set.values, [](double value) { return std::isfinite(value); })) refuse("a value that is not finite");
  }
}

// Parts of the values in even bins between the pixels of the plot's sides.
std::vector<double> bins_of(const std::vector<double>& values, const ChartFrame& frame, size_t count) {
  std::vector<double> bins(count, 0);
  for (const double value : values) {
    const double at = (frame.x(value) - frame.plot().left) / frame.plot().width() * static_cast<double>(count);
    bins[std::min(static_cast<size_t>(std::max(at, 0.0)), count - 1)] += 1 / static_cast<double>(values.size());
  }
  return bins;
}

}  // namespace

void draw_histogram_chart(Canvas& canvas, const Rectangle& cell, const HistogramChart& chart) {
  check(chart);
  std::vector<double> all;
  for (const HistogramChart::Set& set : chart.sets) all.insert(all.end(), set.values.begin(), set.values.end());
  const ChartAxis x = axis_around(chart.x_title, all, chart.logarithmic_x);
  const ChartFrame bare(chart_plot(cell), x, {"", 0, 1});
  std::vector<std::vector<double>> heights;
  double most = 0;
  for (const HistogramChart::Set& set : chart.sets) {
    heights.push_back(bins_of(set.values, bare, chart.bins));
    most = std::max(most, std::ranges::max(heights.back()));
  }
  const ChartFrame frame(bare.plot(), x, {"fraction of samples", 0, 1.08 * most});
  frame.draw(canvas);
  std::vector<ChartKey> legend;
  for (size_t i = 0; i < chart.sets.size(); ++i) {
    const double width = frame.plot().width() / static_cast<double>(chart.bins);
    std::vector<std::pair<double, double>> steps = {{frame.plot().left, frame.plot().bottom}};
    for (size_t k = 0; k < chart.bins; ++k) {
      const double left = frame.plot().left + width * static_cast<double>(k), y = frame.y(heights[i][k]);
      steps.insert(steps.end(), {{left, y}, {left + width, y}});
    }
    steps.emplace_back(frame.plot().right, frame.plot().bottom);
    canvas.area({steps}, chart.sets[i].colour, 0.15);
    canvas.polyline(steps, {chart.sets[i].colour, 1.8});
    if (!chart.sets[i].label.empty()) legend.push_back({chart.sets[i].label, {chart.sets[i].colour, 3}, 1});
  }
  draw_chart_heading(canvas, frame.plot(), chart.title, legend);
}

}  // namespace hpcai::draw
