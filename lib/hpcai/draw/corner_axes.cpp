#include "hpcai/draw/corner_axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/core/weighted.h"

namespace hpcai::draw {
namespace {

constexpr size_t kMostColumns = 12;
constexpr double kCornerLeft = 104, kCornerTop = 62, kCornerRight = 24, kCornerBottom = 78, kCornerGap = 10;

bool all_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

// The values that a column's axis reaches.
std::pair<double, double> range_of(const CornerColumn& column, const std::vector<CornerSet>& sets, size_t index) {
  constexpr std::array kParts = {0.002, 0.998};
  constexpr double kMargin = 0.06;
  double low = INFINITY, high = -INFINITY, least = INFINITY, most = -INFINITY;
  for (const CornerSet& set : sets) {
    const std::vector<double> ends = weighted_quantiles(set.columns[index], set.weights, kParts);
    low = std::min(low, ends[0]);
    high = std::max(high, ends[1]);
    const auto [smallest, largest] = std::ranges::minmax(set.columns[index]);
    least = std::min(least, smallest);
    most = std::max(most, largest);
  }
  const double margin = kMargin * (high - low);
  low = std::max(low - margin, least);
  high = std::min(high + margin, most);
  if (column.truth) {
    const double truth = *column.truth;
    if (truth < low) low = truth - margin;
    if (truth > high) high = truth + margin;
  }
  if (high > low) return {low, high};
  const double around = low == 0 ? 1 : 0.01 * std::abs(low);  // all samples are alike
  return {low - around, low + around};
}

}  // namespace

void check_corner(const CornerPlot& plot) {
  const size_t columns = plot.columns.size();
  if (columns == 0 || columns > kMostColumns || plot.sets.empty()) {
    throw Error(ExitCode::usage, fmt::format("corner plot: {} columns and {} sets of samples", columns, plot.sets.size()),
                fmt::format("Give 1 to {} columns and at least one set.", kMostColumns));
  }
  const auto refuse = [&](const std::string& set, const char* what) {
    throw Error(ExitCode::bad_data, fmt::format("corner plot: {}: {}", set, what));
  };
  for (const CornerSamples& set : plot.sets) {
    const std::string name = fmt::format("samples \"{}\"", set.label);
    if (set.values.empty()) refuse(name, "there are none");
    if (set.values.size() % columns != 0) refuse(name, "values and columns do not agree");
    if (!set.weights.empty() && set.weights.size() * columns != set.values.size())
      refuse(name, "values and weights do not agree");
    if (!all_finite(set.values) || !all_finite(set.weights)) refuse(name, "a number is not finite");
    const bool negative = std::ranges::any_of(set.weights, [](double weight) { return weight < 0; });
    const bool none = !set.weights.empty() && std::ranges::all_of(set.weights, [](double weight) { return weight == 0; });
    if (negative || none) refuse(name, "weights are negative or all 0");
  }
  if (plot.prior.size() % columns != 0) refuse("prior samples", "values and columns do not agree");
  if (!all_finite(plot.prior)) refuse("prior samples", "a number is not finite");
}

CornerSet corner_set(std::span<const double> values, std::span<const double> weights, size_t columns, std::string_view colour) {
  const size_t count = values.size() / columns;
  CornerSet set{std::vector<std::vector<double>>(columns), std::vector<double>(count, 1), colour};
  if (!weights.empty()) set.weights.assign(weights.begin(), weights.end());
  double total = 0;
  for (const double weight : set.weights) total += weight;
  for (double& weight : set.weights) weight /= total;
  for (size_t i = 0; i < values.size(); ++i) set.columns[i % columns].push_back(values[i]);
  return set;
}

CornerLayout lay_out_corner(const CornerPlot& plot, const std::vector<CornerSet>& sets, double legend_width) {
  const auto count = static_cast<double>(plot.columns.size());
  CornerLayout layout;
  layout.cell = std::clamp(900 / count, 150.0, 260.0);
  const double step = layout.cell + kCornerGap;
  for (size_t i = 0; i < plot.columns.size(); ++i) {
    const auto [low, high] = range_of(plot.columns[i], sets, i);
    const double left = kCornerLeft + static_cast<double>(i) * step, top = kCornerTop + static_cast<double>(i) * step;
    layout.x.push_back({low, high, left, left + layout.cell});
    layout.y.push_back({low, high, top + layout.cell, top});
  }
  const double right = layout.x.back().stop;
  layout.legend_left = std::max(right - legend_width, kCornerLeft + step + kCornerGap);  // beside the first panel at least
  layout.legend_top = 30;
  layout.width = std::max(right, layout.legend_left + legend_width) + kCornerRight;
  layout.height = layout.y.back().start + kCornerBottom;
  return layout;
}

}  // namespace hpcai::draw
