#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "hpcai/scaling/study/panel.h"

namespace hpcai::scaling {
namespace {

using Value = std::optional<double>;

struct Row {
  std::string label;
  std::vector<std::string> cells;
};

std::string cell(const Value& value, double unit = 1) { return value ? format_number(*value / unit) : "\u2013"; }

// One row of times, in a unit that suits all of them.
Row time_row(const std::string& label, const std::vector<Column>& columns, const std::function<Value(const Column&)>& value) {
  std::vector<double> known;
  for (const Column& column : columns) {
    if (const auto v = value(column)) known.push_back(*v);
  }
  const TimeUnit unit = common_unit(known);
  Row row{fmt::format("{}, {}", label, unit.name), {}};
  for (const Column& column : columns) row.cells.push_back(cell(value(column), unit.seconds));
  return row;
}

Row number_row(const std::string& label, const std::vector<Column>& columns, const std::function<Value(const Column&)>& value) {
  Row row{label, {}};
  for (const Column& column : columns) row.cells.push_back(cell(value(column)));
  return row;
}

Value time_of(const Column& column) {
  if (column.predicted) return column.predicted->time_s;
  return column.measured->time_s ? Value(column.measured->time_s->median) : std::nullopt;
}

Value step_of(const Column& column) {
  const auto& step = column.predicted ? column.predicted->step : column.measured->step;
  return step ? Value(step->step_s) : std::nullopt;
}

Value efficiency_percent(const Curve& curve, const Column& column) {
  const Point* base = curve.base();
  const auto time_s = time_of(column);
  if (!base || !time_s) return std::nullopt;
  const double percent = 100 * base->time_s->median * base->world / (*time_s * column.world);
  return percent < 10 ? percent : std::round(percent);
}

std::vector<Row> rows(const Curve& curve, const std::vector<Column>& columns) {
  std::string metric = curve.target.metric;
  std::ranges::replace(metric, '_', ' ');
  Row ranks{"ranks", {}};
  for (const Column& column : columns) ranks.cells.push_back(fmt::format("{}", column.world));
  return {ranks,
          time_row("time", columns, time_of),
          time_row("one epoch", columns,
                   [](const Column& c) { return c.predicted ? Value(c.predicted->epoch_s) : c.measured->epoch_s; }),
          number_row("epochs needed", columns,
                     [](const Column& c) { return c.predicted ? Value(c.predicted->epochs) : c.measured->epochs_needed(); }),
          number_row(
              "global batch", columns,
              [](const Column& c) {
    return Value(static_cast<double>(c.predicted ? c.predicted->global_batch : c.measured->global_batch));
              }),
          number_row(metric, columns, [](const Column& c) { return c.predicted ? std::nullopt : c.measured->quality; }),
          number_row("efficiency, %", columns, [&](const Column& c) { return efficiency_percent(curve, c); }),
          time_row("one step", columns, step_of)};
}

// Lines from each world's place on the axis to its column, because columns may be moved apart.
void draw_leaders(Canvas& canvas, const PanelLayout& layout) {
  for (const Column& column : layout.columns) {
    const double x = layout.ranks(column.world), top = layout.plot.bottom + 62, bottom = layout.table_y - 20;
    canvas.polyline({{x, top}, {x, top + 5}, {column.x, bottom - 5}, {column.x, bottom}}, {colour::kFrame, 1});
  }
}

}  // namespace

void draw_table(Canvas& canvas, const Curve& curve, const PanelLayout& layout) {
  draw_leaders(canvas, layout);
  double y = layout.table_y;
  bool first = true;
  for (const Row& row : rows(curve, layout.columns)) {
    canvas.text(Role::cell, layout.plot.left - 8, y, row.label, {.size = size::kCell, .anchor = Anchor::end, .bold = first});
    for (size_t i = 0; i < row.cells.size(); ++i) {
      const bool predicted = layout.columns[i].predicted != nullptr;
      canvas.text(Role::cell, layout.columns[i].x, y, row.cells[i],
                  {.size = size::kCell,
                   .colour = predicted ? colour::kBlue : colour::kInk,
                   .anchor = Anchor::middle,
                   .bold = first,
                   .italic = predicted});
    }
    if (first) canvas.line(layout.left + 20, y + 8, layout.left + size::kPanel - 20, y + 8, {colour::kFrame, 1});
    first = false;
    y += size::kLine;
  }
}

}  // namespace hpcai::scaling
