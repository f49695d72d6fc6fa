#include "check.h"

#include "hpcai/runs/report/curves.h"

#include <algorithm>
#include <string>
#include <vector>

using namespace hpcai::runs::report;

namespace {

RunLines run_of(const std::string& name, int64_t steps, int64_t steps_per_epoch) {
  RunLines run{name, {}};
  for (int64_t step = 1; step <= steps; ++step) {
    run.lines.push_back({{"event", "step"},
                         {"step", step},
                         {"epoch", (step - 1) / steps_per_epoch},
                         {"loss", 1.0 / static_cast<double>(step)},
                         {"lr", 0.1},
                         {"samples_per_second", step < 5 ? 0.0 : 100.0},
                         {"time_s", 0.5 * static_cast<double>(step)}});
    if (step % steps_per_epoch != 0) continue;
    run.lines.push_back({{"event", "evaluation"},
                         {"step", step},
                         {"loss", 2.0},
                         {"samples", 9},
                         {"rmse", {{"a", 1.0}, {"b", 3.0}}},
                         {"rmse_all", 2.0},
                         {"mean_absolute_error", {{"a", 1.0}}},
                         {"mean_absolute_error_all", 1.0},
                         {"time_s", 0.5 * static_cast<double>(step)}});
    run.lines.push_back({{"event", "epoch"}, {"step", step}, {"epoch", step / steps_per_epoch}});
  }
  return run;
}

const Chart& chart_of(const std::vector<Chart>& charts, const std::string& id) {
  const auto found = std::ranges::find(charts, id, &Chart::id);
  REQUIRE(found != charts.end());
  return *found;
}

std::vector<std::string> names_of(const std::vector<Column>& columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  return names;
}

}  // namespace

TEST_CASE("The loss of the steps and of the evaluations are in one chart") {
  const auto charts = curve_charts({run_of("a", 12, 4)}, {});
  const Chart& loss = chart_of(charts, "loss");
  CHECK(names_of(loss.series) == std::vector<std::string>{"training loss", "validation loss"});
  CHECK(names_of(loss.axes) == std::vector<std::string>{"step", "epoch", "time (s)"});
  REQUIRE(loss.rows() == 12 + 3);
  CHECK(loss.series[0].values[11] == 1.0 / 12);
  CHECK(loss.axes[1].values[5] == 1.5);  // step 6, of 4 an epoch
  CHECK(loss.note.empty());
}

TEST_CASE("A metric of several targets has a line for each and one for all") {
  const auto charts = curve_charts({run_of("a", 8, 4)}, {});
  CHECK(names_of(chart_of(charts, "metric-rmse").series) == std::vector<std::string>{"RMSE", "a", "b"});
  CHECK(names_of(chart_of(charts, "metric-mean_absolute_error").series) == std::vector<std::string>{"MAE"});
  CHECK(std::ranges::find(charts, "metric-samples", &Chart::id) == charts.end());
}

TEST_CASE("An unknown speed is no point") {
  const auto charts = curve_charts({run_of("a", 8, 4)}, {});
  const Chart& speed = chart_of(charts, "throughput");
  CHECK(speed.rows() == 4);
  CHECK(speed.axes[0].values.front() == 5);
}

TEST_CASE("Several runs are lines of the same chart, each with its name") {
  const auto charts = curve_charts({run_of("a", 8, 4), run_of("b", 12, 4)}, {});
  const Chart& loss = chart_of(charts, "training-loss");
  CHECK(loss.rows() == 20);
  CHECK(std::ranges::count(loss.groups, "b") == 12);
  CHECK(names_of(chart_of(charts, "metric-rmse").series) == std::vector<std::string>{"RMSE"});
}

TEST_CASE("A long run is thinned, and its chart says so") {
  Budget budget;
  budget.rows = 1000;
  const auto charts = curve_charts({run_of("a", 5000, 1000)}, budget);
  const Chart& loss = chart_of(charts, "loss");
  CHECK(loss.rows() < 400);
  CHECK(loss.note.find("of 5,005 points") != std::string::npos);
}
