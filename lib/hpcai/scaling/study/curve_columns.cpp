#include "hpcai/scaling/study/curve_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "hpcai/draw/axis.h"

namespace hpcai::scaling {
namespace {

using Value = std::optional<double>;

struct Part {
  const char* name;
  std::string_view colour;
  double StepTime::*seconds;
};

constexpr std::array kParts = {Part{"compute", draw::colour::kSkyBlue, &StepTime::compute_s},
                               Part{"exposed communication", draw::colour::kOrange, &StepTime::exposed_communication_s},
                               Part{"input", draw::colour::kGreen, &StepTime::input_s},
                               Part{"imbalance", draw::colour::kYellow, &StepTime::imbalance_s}};

// What a column is about.
struct World {
  int world = 0;
  const Point* measured = nullptr;
  const PredictedPoint* predicted = nullptr;  // only where nothing is measured

  const std::optional<StepTime>& step() const { return predicted ? predicted->step : measured->step; }
};

std::vector<World> choose_worlds(const Curve& curve) {
  std::vector<World> worlds;
  for (const Point& point : curve.points) worlds.push_back({.world = point.world, .measured = &point});
  for (const PredictedPoint& point : curve.predictions) {
    const bool wanted = std::ranges::find(kPredictedColumns, point.world) != std::end(kPredictedColumns);
    const bool measured = std::ranges::any_of(worlds, [&](const World& other) { return other.world == point.world; });
    if (wanted && !measured) worlds.push_back({.world = point.world, .predicted = &point});
  }
  std::ranges::sort(worlds, {}, &World::world);
  return worlds;
}

struct Row {
  std::string label;
  std::vector<std::string> cells;
};

std::string cell(const Value& value, double unit = 1) { return value ? draw::format_number(*value / unit) : "\u2013"; }

// One row of times, in a unit that suits all of them.
Row time_row(const std::string& label, const std::vector<World>& worlds, const std::function<Value(const World&)>& value) {
  std::vector<double> known;
  for (const World& world : worlds) {
    if (const auto v = value(world)) known.push_back(*v);
  }
  const draw::TimeUnit unit = draw::common_unit(known);
  Row row{fmt::format("{}, {}", label, unit.name), {}};
  for (const World& world : worlds) row.cells.push_back(cell(value(world), unit.seconds));
  return row;
}

Row number_row(const std::string& label, const std::vector<World>& worlds, const std::function<Value(const World&)>& value) {
  Row row{label, {}};
  for (const World& world : worlds) row.cells.push_back(cell(value(world)));
  return row;
}

Value time_of(const World& world) {
  if (world.predicted) return world.predicted->time_s;
  return world.measured->time_s ? Value(world.measured->time_s->median) : std::nullopt;
}

Value epoch_of(const World& world) { return world.predicted ? Value(world.predicted->epoch_s) : world.measured->epoch_s; }

Value epochs_of(const World& world) { return world.predicted ? Value(world.predicted->epochs) : world.measured->epochs_needed(); }

Value batch_of(const World& world) {
  return static_cast<double>(world.predicted ? world.predicted->global_batch : world.measured->global_batch);
}

Value quality_of(const World& world) { return world.predicted ? std::nullopt : world.measured->quality; }

Value step_of(const World& world) { return world.step() ? Value(world.step()->step_s) : std::nullopt; }

Value efficiency_percent(const Curve& curve, const World& world) {
  const Point* base = curve.base();
  const auto time_s = time_of(world);
  if (!base || !time_s) return std::nullopt;
  const double percent = 100 * base->time_s->median * base->world / (*time_s * world.world);
  return percent < 10 ? percent : std::round(percent);
}

std::vector<Row> rows_of(const Curve& curve, const std::vector<World>& worlds) {
  std::string metric = curve.target.metric;
  std::ranges::replace(metric, '_', ' ');
  Row ranks{"ranks", {}};
  for (const World& world : worlds) ranks.cells.push_back(fmt::format("{}", world.world));
  return {ranks,
          time_row("time", worlds, time_of),
          time_row("one epoch", worlds, epoch_of),
          number_row("epochs needed", worlds, epochs_of),
          number_row("global batch", worlds, batch_of),
          number_row(metric, worlds, quality_of),
          number_row("efficiency, %", worlds, [&](const World& world) { return efficiency_percent(curve, world); }),
          time_row("one step", worlds, step_of)};
}

}  // namespace

void add_columns(draw::Panel& panel, const Curve& curve) {
  const std::vector<World> worlds = choose_worlds(curve);
  for (const World& world : worlds) {
    draw::Column column{.x = static_cast<double>(world.world), .cells = {}, .parts = {}, .estimated = world.predicted != nullptr};
    for (const Part& part : kParts) {
      if (world.step()) column.parts.push_back((*world.step()).*part.seconds);
    }
    panel.columns.push_back(std::move(column));
  }
  for (Row& row : rows_of(curve, worlds)) {
    panel.rows.push_back(std::move(row.label));
    for (size_t i = 0; i < worlds.size(); ++i) panel.columns[i].cells.push_back(std::move(row.cells[i]));
  }
  for (const Part& part : kParts) panel.parts.push_back({part.name, part.colour});
  panel.bars_title = {"split of", "one step"};
}

}  // namespace hpcai::scaling
