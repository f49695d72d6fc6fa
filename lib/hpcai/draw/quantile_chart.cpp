#include "hpcai/draw/quantile_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/core/weighted.h"
#include "hpcai/draw/chart_frame.h"

namespace hpcai::draw {
namespace {

struct Bin {
  double middle = 0;
  double low = 0, median = 0, high = 0;
};

void check(const QuantileChart& chart) {
  const auto refuse = [&](const char* what) {
    throw Error(ExitCode::bad_data, fmt::format("chart \"{}\": {}", chart.title, what));
  };
  if (chart.x.empty()) refuse("no samples");
  if (chart.x.size() != chart.y.size()) refuse("lengths differ");
  for (size_t i = 0; i < chart.x.size(); ++i) {
    if (!std::isfinite(chart.x[i] + chart.y[i])) refuse("a value that is not finite");
  }
}

std::vector<Bin> bins_of(const QuantileChart& chart) {
  constexpr std::array kParts = {0.05, 0.5, 0.95};
  const auto [low, high] = std::ranges::minmax(chart.x);
  const double width = high > low ? (high - low) / static_cast<double>(chart.bins) : 1;
  std::vector<std::vector<double>> values(chart.bins);
  for (size_t i = 0; i < chart.x.size(); ++i) {
    values[std::min(static_cast<size_t>((chart.x[i] - low) / width), chart.bins - 1)].push_back(chart.y[i]);
  }
  std::vector<Bin> bins;
  for (size_t k = 0; k < chart.bins; ++k) {
    if (values[k].empty()) continue;
    const std::vector<double> ends = weighted_quantiles(values[k], {}, kParts);
    bins.push_back({low + (static_cast<double>(k) + 0.5) * width, ends[0], ends[1], ends[2]});
  }
  return bins;
}

}  // namespace

void draw_quantile_chart(Canvas& canvas, const Rectangle& cell, const QuantileChart& chart) {
  check(chart);
  const std::vector<Bin> bins = bins_of(chart);
  std::vector<double> heights;
  for (const Bin& bin : bins) heights.insert(heights.end(), {bin.low, bin.high});
  const ChartFrame frame(chart_plot(cell), axis_around(chart.x_title, chart.x, false),
                         axis_around(chart.y_title, heights, chart.logarithmic_y));
  frame.draw(canvas);
  std::vector<std::pair<double, double>> band, median;
  for (const Bin& bin : bins) {
    band.emplace_back(frame.x(bin.middle), frame.y(bin.high));
    median.emplace_back(frame.x(bin.middle), frame.y(bin.median));
  }
  for (auto bin = bins.rbegin(); bin != bins.rend(); ++bin) band.emplace_back(frame.x(bin->middle), frame.y(bin->low));
  canvas.area({band}, colour::kBlue, 0.2);
  canvas.polyline(median, {colour::kBlue, 2.2});
  for (const auto& [x, y] : median) canvas.marker(Role::point, x, y, {.colour = colour::kBlue, .radius = 3});
  draw_chart_heading(canvas, frame.plot(), chart.title,
                     {{"median", {colour::kBlue, 2.2}, 1}, {"5 to 95 %", {colour::kBlue, 14}, 0.2}});
}

}  // namespace hpcai::draw
