#include "hpcai/runs/report/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "hpcai/core/text.h"
#include "hpcai/runs/report/curves.h"
#include "hpcai/runs/report/html.h"
#include "hpcai/runs/report/metric_names.h"
#include "hpcai/runs/report/provenance.h"
#include "hpcai/runs/report/step_chart.h"
#include "hpcai/runs/report/values.h"

namespace hpcai::runs::report {
namespace {

// Names that tell the runs apart: those of their folders, or where two are equal, their paths.
std::vector<std::string> names_of(const std::vector<Run>& runs) {
  std::vector<std::string> names;
  std::set<std::string> known;
  for (const Run& run : runs) {
    names.push_back(run.name());
    known.insert(names.back());
  }
  if (known.size() == names.size()) return names;
  for (size_t i = 0; i < runs.size(); ++i) names[i] = runs[i].path.string();
  return names;
}

std::string setting_or_none(const Run& run, const std::string& key) {
  const std::string* text = run.settings.find(key);
  return text ? *text : "not set";
}

// One row for each run, one column for each setting that is not the same in all runs.
std::string differences_html(const std::vector<Run>& runs, const std::vector<std::string>& names) {
  std::vector<std::string> keys;
  std::set<std::string> known;
  for (const Run& run : runs) {
    for (const auto& [key, text] : run.settings.entries()) {
      if (!known.insert(key).second) continue;
      const auto differs = [&](const Run& other) { return setting_or_none(other, key) != text; };
      if (std::ranges::any_of(runs, differs)) keys.push_back(key);
    }
  }
  if (keys.empty()) return element("p", "The settings of all runs are the same.");
  TextTable table{.caption = "Settings that differ", .head = {"setting"}, .rows = {}};
  table.head.insert(table.head.end(), names.begin(), names.end());
  for (const std::string& key : keys) {
    table.rows.push_back({key});
    for (const Run& run : runs) table.rows.back().push_back(setting_or_none(run, key));
  }
  return html_of(table);
}

// All metrics of a split that some run has, in the order in which they appear.
std::vector<std::string> metrics_of(const std::vector<Run>& runs, const char* split) {
  std::vector<std::string> metrics;
  for (const Run& run : runs) {
    for (const auto& [name, value] : sorted_metrics(object_in(run.summary, split))) {
      if (std::ranges::find(metrics, name) == metrics.end()) metrics.push_back(name);
    }
  }
  return metrics;
}

std::string metric_of(const Run& run, const char* split, const std::string& metric) {
  for (const auto& [name, value] : numbers_in(object_in(run.summary, split))) {
    if (name == metric) return exact(value);
  }
  return "";
}

std::string results_html(const std::vector<Run>& runs, const std::vector<std::string>& names) {
  TextTable table{.caption = "Results, with all digits of the files", .head = {"result"}, .rows = {}};
  table.head.insert(table.head.end(), names.begin(), names.end());
  const auto add = [&](const std::string& name, auto&& value) {
    table.rows.push_back({name});
    for (const Run& run : runs) table.rows.back().push_back(value(run));
  };
  add("state", [](const Run& run) { return run.state.name; });
  for (const char* split : {"validation", "test"}) {
    for (const std::string& metric : metrics_of(runs, split)) {
      add(fmt::format("{}: {}", split, label_of(metric)), [&](const Run& run) { return metric_of(run, split, metric); });
    }
  }
  for (const char* key : {"steps", "epochs", "samples_per_second", "time_s", "world_size", "parameters"}) {
    add(label_of(key), [&](const Run& run) { return text_in(run.summary, key); });
  }
  add("weights", [](const Run& run) { return text_in(run.summary, "weights_sha256").substr(0, 12); });
  return html_of(table);
}

std::string runs_html(const std::vector<Run>& runs, const std::vector<std::string>& names) {
  TextTable table{.caption = "The runs", .head = {"run", "folder", "started", "host", "program", "commit", "seed"}, .rows = {}};
  for (size_t i = 0; i < runs.size(); ++i) {
    const nlohmann::json& environment = runs[i].environment;
    table.rows.push_back({names[i], runs[i].path.string(), text_in(environment, "started"), text_in(environment, "host"),
                          text_in(environment, "program_version"), text_in(environment, "commit"),
                          setting_or_none(runs[i], "training.seed")});
  }
  return html_of(table);
}

std::string repeat_html(const std::vector<Run>& runs) {
  std::vector<std::string> words = {"hpcai-train", "report"};
  for (const Run& run : runs) words.push_back(run.path.string());
  std::string html =
      element("p", "Write this comparison again:") + preformatted("Write this comparison again", shell_line(words));
  html += element("p", "The report of one run has the commands that repeat it:");
  return html + preformatted("The report of one run",
                             shell_line(std::vector<std::string>{"hpcai-train", "report", runs.front().path.string()}));
}

}  // namespace

Page comparison_page(const std::vector<Run>& runs, const Budget& budget) {
  const auto names = names_of(runs);
  Page page{.title = fmt::format("Comparison of {} runs", runs.size()), .lead = join_words(names, "and")};
  std::vector<RunLines> lines;
  StepChart steps("step-time", "run");
  for (size_t i = 0; i < runs.size(); ++i) {
    std::vector<std::string> faults = runs[i].faults;
    lines.push_back({names[i], read_metrics(runs[i].path, faults)});
    if (runs[i].state.name != "finished") faults.push_back("the run is " + runs[i].state.name);
    for (const std::string& fault : faults) page.notices.push_back(fmt::format("{}: {}", names[i], fault));
    steps.add(names[i], object_in(runs[i].summary, "step_time"));
  }
  page.sections = {{"results", "Results", results_html(runs, names)},
                   {"settings", "Settings that differ", differences_html(runs, names)},
                   {"curves", "Curves", html_of(curve_charts(lines, budget))},
                   {"step", "Where the time of a step goes", html_of(steps.chart())},
                   {"provenance", "Provenance", runs_html(runs, names)},
                   {"repeat", "How to repeat it", repeat_html(runs)}};
  return page;
}

}  // namespace hpcai::runs::report
