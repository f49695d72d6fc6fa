#include "hpcai/runs/report/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/runs/read_run.h"
#include "hpcai/runs/report/curves.h"
#include "hpcai/runs/report/figures.h"
#include "hpcai/runs/report/html.h"
#include "hpcai/runs/report/metric_names.h"
#include "hpcai/runs/report/provenance.h"
#include "hpcai/runs/report/step_chart.h"
#include "hpcai/runs/report/values.h"

namespace hpcai::runs::report {
namespace {

nlohmann::json array_in(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : nlohmann::json::array();
}

// One quantity over the number of ranks.
struct Curve {
  std::string key{};   // of a point, or "time_to_target_s"
  std::string name{};  // of the chart
  std::string unit{};
  double ideal_power = 0;  // of the number of ranks, along the ideal line; 0: there is no ideal line, or it is 1
  bool logarithmic = true;
};

double value_of(const nlohmann::json& point, const std::string& key) {
  const auto spread = object_in(point, key);
  return spread.empty() ? number_in(point, key) : number_in(spread, "median");
}

// The ideal line begins at the first point that has the quantity.
double ideal_at(const nlohmann::json& points, const Curve& curve, double world) {
  for (const auto& point : points) {
    const double value = value_of(point, curve.key), first = number_in(point, "world");
    if (std::isfinite(value)) return value * std::pow(world / first, curve.ideal_power);
  }
  return kNone;
}

void add_row(Chart& chart, double world, double measured, double ideal, double predicted) {
  chart.axes[0].values.push_back(world);
  const std::array values = {measured, ideal, predicted};
  for (size_t i = 0; i < values.size(); ++i) chart.series[i].values.push_back(values[i]);
}

Chart chart_of(const nlohmann::json& experiment, const std::string& id, const Curve& curve) {
  Chart chart{.id = fmt::format("{}-{}", id, curve.key), .title = curve.name};
  chart.unit = curve.unit;
  chart.axes = {{"ranks", {}}};
  chart.series = {{"measured", {}}, {"ideal", {}}, {"predicted", {}}};
  chart.log_x = true;
  chart.log_y = curve.logarithmic;
  const auto points = array_in(experiment, "points");
  for (const auto& point : points) {
    const double world = number_in(point, "world");
    add_row(chart, world, value_of(point, curve.key), ideal_at(points, curve, world), kNone);
  }
  for (const auto& point : array_in(experiment, "prediction")) {
    add_row(chart, number_in(point, "world"), kNone, kNone, value_of(point, curve.key));
  }
  std::erase_if(chart.series, [](const Column& column) {
    return std::ranges::none_of(column.values, [](double value) { return std::isfinite(value); });
  });
  return chart;
}

Chart step_chart(const nlohmann::json& experiment, const std::string& id) {
  StepChart steps(id + "-step", "ranks");
  for (const auto& point : array_in(experiment, "points")) {
    const double world = number_in(point, "world");
    if (std::isfinite(world)) steps.add(plural(std::llround(world), "rank"), object_in(point, "step_time"));
  }
  return steps.chart();
}

std::string points_html(const nlohmann::json& experiment) {
  const std::vector<std::string> keys = {
      "global_batch",      "epochs", "quality", "time_to_target_s", "time_per_epoch_s", "efficiency", "throughput_efficiency",
      "samples_per_second"};
  TextTable table{.caption = "Measured points, medians over the repeats", .head = {"ranks"}, .rows = {}};
  for (const std::string& key : keys) table.head.push_back(label_of(key));
  table.head.insert(table.head.end(), {"runs", "reached the target"});
  for (const auto& point : array_in(experiment, "points")) {
    table.rows.push_back({text_in(point, "world")});
    for (const std::string& key : keys) table.rows.back().push_back(exact(value_of(point, key)));
    table.rows.back().push_back(fmt::format("{}", array_in(point, "runs").size()));
    table.rows.back().push_back(text_in(point, "runs_that_reached_the_target"));
  }
  return html_of(table);
}

std::string experiment_html(const nlohmann::json& experiment, const std::string& id, bool weak) {
  const auto target = object_in(experiment, "target");
  std::string html = facts_html({{"Model", text_in(experiment, "model")},
                                 {"Target", fmt::format("{} {}", label_of(text_in(target, "metric")), text_in(target, "value"))},
                                 {"Digest of the settings", text_in(experiment, "config_digest")},
                                 {"Warning", text_in(experiment, "input_warning")}});
  const std::array<Curve, 4> curves = {{{"time_to_target_s", "Time to the target", "time (s)", weak ? 0.0 : -1.0},
                                        {"samples_per_second", "Throughput", "samples per second", 1},
                                        {"efficiency", "Efficiency of the time to the target", "efficiency", 0, false},
                                        {"throughput_efficiency", "Efficiency of the throughput", "efficiency", 0, false}}};
  std::vector<Chart> charts;
  for (const Curve& curve : curves) charts.push_back(chart_of(experiment, id, curve));
  charts.push_back(step_chart(experiment, id));
  return html + html_of(charts) + points_html(experiment);
}

}  // namespace

Page study_page(const std::filesystem::path& folder, const Budget& budget) {
  Page page;
  const auto study = read_object(folder / "scaling.json", page.notices);
  if (array_in(study, "experiments").empty()) {
    throw Error(ExitCode::bad_data, fmt::format("{} describes no scaling study", printable(folder / "scaling.json")),
                "Write it again: the command of the study with --collect.");
  }
  const std::string kind = text_in(study, "scaling");
  page.title = "Scaling study " + folder.filename().string();
  page.lead = fmt::format("{} scaling; hpcai-train {}, commit {}, on {}, {}.", kind == "weak" ? "Weak" : "Strong",
                          text_in(study, "version"), text_in(study, "commit"), text_in(study, "host"), text_in(study, "date"));
  size_t number = 0;
  for (const auto& experiment : array_in(study, "experiments")) {
    const std::string id = fmt::format("experiment-{}", ++number);
    page.sections.push_back({id, text_in(experiment, "name"), experiment_html(experiment, id, kind == "weak")});
  }
  const auto environment = object_in(study, "environment");
  const std::string command = text_in(study, "command");
  page.sections.push_back(
      {"figures", "Figures", findings_html(folder, "Figures in the folder of the study", budget, page.notices)});
  page.sections.push_back({"provenance", "Provenance",
                           facts_html({{"Processor", text_in(environment, "cpu")},
                                       {"Cores", text_in(environment, "cores")},
                                       {"Operating system", text_in(environment, "operating_system")},
                                       {"LibTorch", text_in(environment, "torch_version")}}) +
                               file_html(folder / "study.json", budget) + file_html(folder / "scaling.json", budget)});
  page.sections.push_back(
      {"repeat", "How to repeat it",
       element("p", "The command of the study. In the same folder it goes on; with another --out it measures again.") +
           preformatted("Command of the study", command)});
  return page;
}

}  // namespace hpcai::runs::report
