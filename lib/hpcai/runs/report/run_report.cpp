#include "hpcai/runs/report/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "hpcai/core/text.h"
#include "hpcai/runs/progress.h"
#include "hpcai/runs/report/curves.h"
#include "hpcai/runs/report/figures.h"
#include "hpcai/runs/report/html.h"
#include "hpcai/runs/report/metric_names.h"
#include "hpcai/runs/report/provenance.h"
#include "hpcai/runs/report/step_chart.h"
#include "hpcai/runs/report/values.h"

namespace hpcai::runs::report {
namespace {

constexpr std::array kSplits = {"validation", "test"};
constexpr size_t kMostEvents = 200;

// The value under `key` of the summary, else of the status.
std::string known(const Run& run, const std::string& key) {
  const std::string text = text_in(run.summary, key);
  return text.empty() ? text_in(run.status, key) : text;
}

std::string number_text(double value) { return std::isnan(value) ? "" : rounded(value); }

double known_number(const Run& run, const char* summary_key, const char* status_key) {
  const double value = number_in(run.summary, summary_key);
  return std::isnan(value) ? number_in(run.status, status_key) : value;
}

// The lines of metrics.jsonl are newer than status.json while the run goes on.
std::string steps_of(const Run& run, const std::vector<nlohmann::json>& lines) {
  const double newest = run.summary.empty() && !lines.empty() ? number_in(lines.back(), "step") : kNone;
  const double steps = std::fmax(known_number(run, "steps", "step"), newest), total = number_in(run.status, "total_steps");
  if (std::isnan(steps) || std::isnan(total) || steps == total) return number_text(steps);
  return fmt::format("{} of {}", number_text(steps), rounded(total));
}

// The metrics of a split, from the summary or, of a run without one, from its last evaluation.
nlohmann::json metrics_of(const Run& run, const std::string& split) {
  if (run.summary.empty() && split == "validation" && run.last_evaluation) {
    nlohmann::json metrics = *run.last_evaluation;
    for (const char* key : {"step", "epoch", "time_s"}) metrics.erase(key);
    return metrics;
  }
  return object_in(run.summary, split);
}

// The most important metrics of the test split, or where there is none of the validation split.
void add_quality(const Run& run, Page& page) {
  constexpr size_t kMost = 3;
  auto numbers = sorted_metrics(metrics_of(run, "test"));
  const char* split = numbers.empty() ? "validation" : "test";
  if (numbers.empty()) numbers = sorted_metrics(metrics_of(run, "validation"));
  if (numbers.size() > kMost) numbers.resize(kMost);
  for (const auto& [key, value] : numbers) page.cards.emplace_back(fmt::format("{}: {}", split, label_of(key)), rounded(value));
}

void add_cards(const Run& run, const std::vector<nlohmann::json>& lines, Page& page) {
  const double time_s = number_in(run.summary, "time_s");
  page.cards = {{"steps", steps_of(run, lines)},
                {"epochs", number_text(known_number(run, "epochs", "epoch"))},
                {"time", std::isnan(time_s) ? "" : format_duration(time_s)},
                {"samples per second", number_text(known_number(run, "samples_per_second", "samples_per_second"))},
                {"ranks", text_in(run.summary, "world_size")},
                {"parameters", number_text(number_in(run.summary, "parameters"))}};
  if (run.summary.empty()) page.cards.emplace_back("loss of the last step", number_text(number_in(run.status, "loss")));
  const nlohmann::json target = object_in(run.summary, "target");
  if (!target.empty()) {
    const double target_s = number_in(target, "time_s");
    page.cards.emplace_back("target reached", std::isnan(target_s) ? "no" : "after " + format_duration(target_s));
  }
  add_quality(run, page);
}

std::string quality_table(const Run& run) {
  TextTable table{.caption = "Metrics of the trained network, with all digits of the files", .head = {"metric"}, .rows = {}};
  std::map<std::string, size_t> row_of;
  for (const char* split : kSplits) {
    const auto numbers = sorted_metrics(metrics_of(run, split));
    if (numbers.empty()) continue;
    table.head.emplace_back(split);
    for (const auto& [name, value] : numbers) {
      const auto [at, is_new] = row_of.emplace(name, table.rows.size());
      if (is_new) table.rows.push_back({label_of(name)});
      table.rows[at->second].resize(table.head.size() - 1);
      table.rows[at->second].push_back(exact(value));
    }
  }
  for (auto& row : table.rows) row.resize(table.head.size());
  return table.rows.empty() ? "" : html_of(table);
}

std::string quality_html(const Run& run, const std::vector<std::filesystem::path>& folders, const Budget& budget,
                         std::vector<std::string>& notices) {
  std::string html = quality_table(run);
  if (run.summary.empty() && !html.empty()) html = element("p", "Of the last evaluation so far.") + html;
  html += findings_html(run.path, "Figures and tables in the run folder", budget, notices);
  for (const auto& folder : folders) html += findings_html(folder, "Figures and tables in " + folder.string(), budget, notices);
  return html;
}

// The lines of metrics.jsonl about steps that did not go as planned.
std::string events_html(const std::vector<nlohmann::json>& lines) {
  TextTable table{
      .caption = "Skipped steps, roll-backs and healed ranks", .head = {"event", "step", "epoch", "what"}, .rows = {}};
  size_t count = 0;
  for (const auto& line : lines) {
    const std::string event = text_in(line, "event");
    if (event != "skipped" && event != "rolled_back" && event != "healed") continue;
    if (++count > kMostEvents) continue;
    std::string what = text_in(line, "reason");
    if (event == "rolled_back") what += "; went back to step " + text_in(line, "to_step");
    if (event == "healed") what = fmt::format("ranks {}: {}", text_in(line, "ranks"), text_in(line, "tensor"));
    table.rows.push_back({label_of(event), text_in(line, "step"), text_in(line, "epoch"), what});
  }
  if (count > kMostEvents) table.caption += fmt::format(" (the first {} of {})", kMostEvents, count);
  return table.rows.empty() ? "" : html_of(table);
}

std::string lead_of(const Run& run) {
  const std::string started = text_in(run.environment, "started"), host = text_in(run.environment, "host");
  std::string text;
  if (const auto* type = run.settings.find("model.type")) text += "Model " + *type;
  if (const auto* type = run.settings.find("loss.type")) text += ", loss " + *type;
  if (const auto* type = run.settings.find("data.type")) text += ", data " + *type;
  if (!started.empty()) text += fmt::format("{}tarted {}", text.empty() ? "S" : "; s", started);
  if (!host.empty()) text += " on " + host;
  return text.empty() ? "" : text + ".";
}

void add_notices(const Run& run, const std::vector<nlohmann::json>& lines, Page& page) {
  for (const std::string& fault : run.faults) page.notices.push_back(fault);
  if (!run.state.reason.empty()) page.notices.push_back(fmt::format("The run is {}: {}.", run.state.name, run.state.reason));
  const std::string error = run.state.name == "finished" ? "" : known(run, "error");
  if (!error.empty()) page.notices.push_back(error);
  if (run.summary.empty() && !run.state.lives()) {
    page.notices.emplace_back(
        "There is no summary.json, because the run has not ended in the usual way. Speed, step times and the final "
        "quality are not known.");
  }
  if (lines.empty()) page.notices.emplace_back("metrics.jsonl has no lines, so there are no curves.");
}

}  // namespace

Mood mood_of(const RunState& state) {
  if (state.name == "finished") return Mood::good;
  if (state.name == "failed" || state.name == "diverged" || state.name == "killed" || state.name == "saving failed")
    return Mood::bad;
  return state.name == "unknown" ? Mood::plain : Mood::wait;
}

Page run_page(const Run& run, const std::vector<std::filesystem::path>& quality, const Budget& budget) {
  Page page{.title = run.name(), .badge = run.state.name, .mood = mood_of(run.state), .lead = lead_of(run)};
  const std::string name = text_in(run.summary, "name");
  if (!name.empty() && name != run.name()) page.title = fmt::format("{} ({})", name, run.name());
  Run read = run;
  const RunLines lines{run.name(), read_metrics(run.path, read.faults)};
  add_notices(read, lines.lines, page);
  add_cards(run, lines.lines, page);
  StepChart steps("step-time", "run");
  steps.add(run.name(), object_in(run.summary, "step_time"));
  page.sections = {{"curves", "Curves", html_of(curve_charts({lines}, budget)) + events_html(lines.lines)},
                   {"step", "Where the time of a step goes", html_of(steps.chart())},
                   {"quality", "Quality", quality_html(run, quality, budget, page.notices)},
                   {"provenance", "Provenance", provenance_html(run, budget)},
                   {"repeat", "How to repeat it", repeat_html(run)}};
  return page;
}

}  // namespace hpcai::runs::report
