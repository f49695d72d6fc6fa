#include "hpcai/draw/chart_sheet.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/error.h"

namespace hpcai::draw {
namespace {

constexpr double kWidth = 600, kHeight = 440;

struct Drawer {
  Canvas& canvas;
  const Rectangle& cell;

  void operator()(const QuantileChart& chart) const { draw_quantile_chart(canvas, cell, chart); }
  void operator()(const HistogramChart& chart) const { draw_histogram_chart(canvas, cell, chart); }
};

}  // namespace

Canvas draw_chart_sheet(const std::vector<Chart>& charts, size_t columns, const std::string& description) {
  if (charts.empty() || columns == 0) {
    throw Error(ExitCode::usage, fmt::format("{} charts in {} columns", charts.size(), columns),
                "Give at least one chart and one column.");
  }
  columns = std::min(columns, charts.size());
  const size_t rows = (charts.size() + columns - 1) / columns;
  Canvas canvas(static_cast<double>(columns) * kWidth, static_cast<double>(rows) * kHeight, description);
  for (size_t i = 0; i < charts.size(); ++i) {
    const double left = static_cast<double>(i % columns) * kWidth, top = static_cast<double>(i / columns) * kHeight;
    const Rectangle cell{left, top, left + kWidth, top + kHeight};
    std::visit(Drawer{canvas, cell}, charts[i]);
  }
  return canvas;
}

}  // namespace hpcai::draw
