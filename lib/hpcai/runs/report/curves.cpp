#include "hpcai/runs/report/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <set>

#include "hpcai/core/text.h"
#include "hpcai/runs/report/html.h"
#include "hpcai/runs/report/metric_names.h"
#include "hpcai/runs/report/thin.h"
#include "hpcai/runs/report/values.h"

namespace hpcai::runs::report {
namespace {

constexpr size_t kMostBuckets = 400;  // a chart is about so many pixels wide
constexpr size_t kFewestBuckets = 1;
constexpr std::ptrdiff_t kMostTargets = 8;  // lines of a chart

// A number of the lines of one kind.
struct Quantity {
  std::string event{};  // of the lines: "step"
  std::string key{};    // "loss"; of a nested object "by.a"
  std::string name{};   // "training loss"
  bool zero_is_unknown = false;
};

// What one chart shows.
struct Plan {
  std::string id{}, title{}, explanation{};
  std::vector<Quantity> quantities{};
  std::string unit{};
};

bool is_event(const nlohmann::json& line, const std::string& event) { return text_in(line, "event") == event; }

double value_at(const nlohmann::json& line, const std::string& path) {
  const double value = number_in(line, path);
  const size_t dot = path.find('.');
  if (std::isfinite(value) || dot == std::string::npos) return value;
  return value_at(object_in(line, path.substr(0, dot)), path.substr(dot + 1));
}

// The keys of the metrics of the evaluations of all runs, without the loss, the most important ones first.
std::vector<std::string> metrics_of(const std::vector<RunLines>& runs) {
  std::vector<std::string> metrics;
  std::set<std::string> known = {"step", "epoch", "time_s", "loss", "samples"};
  for (const RunLines& run : runs) {
    for (const auto& line : run.lines) {
      if (!is_event(line, "evaluation")) continue;
      for (const auto& [key, value] : numbers_in(line)) {
        if (known.insert(key).second) metrics.push_back(key);
      }
    }
  }
  std::ranges::stable_sort(metrics, {}, importance_of);
  return metrics;
}

bool is_of_one_target(const std::string& key) { return key.find('.') != std::string::npos; }

// One chart for each family of metrics: the value over all targets, and with one run also those of several targets.
std::vector<Plan> metric_plans(const std::vector<RunLines>& runs) {
  const auto metrics = metrics_of(runs);
  std::vector<Plan> plans;
  std::set<std::string> done;
  for (const std::string& first : metrics) {
    const std::string family = family_of(first);
    if (!done.insert(family).second) continue;
    std::vector<std::string> keys;
    std::ranges::copy_if(metrics, std::back_inserter(keys), [&](const std::string& key) { return family_of(key) == family; });
    const auto targets = std::ranges::count_if(keys, is_of_one_target);
    const bool has_whole = targets < std::ssize(keys);
    if (has_whole && (targets == 1 || targets > kMostTargets || runs.size() > 1)) std::erase_if(keys, is_of_one_target);
    if (std::ssize(keys) > kMostTargets) keys.resize(kMostTargets);
    std::ranges::stable_sort(keys, {}, is_of_one_target);
    Plan plan{"metric-" + family, "Validation: " + label_of(keys.front()), "", {}, label_of(keys.front())};
    for (const std::string& key : keys) {
      const size_t dot = key.find('.');
      plan.quantities.push_back({"evaluation", key, dot == std::string::npos ? label_of(key) : key.substr(dot + 1)});
    }
    plans.push_back(std::move(plan));
  }
  return plans;
}

std::vector<Plan> loss_plans(bool one_run) {
  const Quantity training{"step", "loss", "training loss"}, validation{"evaluation", "loss", "validation loss"};
  if (one_run)
    return {{"loss", "Loss", "Of the batch of a step, and of the whole validation split.", {training, validation}, "loss"}};
  return {{"training-loss", "Training loss", "Of the batch of a step.", {training}, "loss"},
          {"validation-loss", "Validation loss", "Of the whole validation split.", {validation}, "loss"}};
}

std::vector<Plan> plans_of(const std::vector<RunLines>& runs) {
  std::vector<Plan> plans = loss_plans(runs.size() == 1);
  for (Plan& plan : metric_plans(runs)) plans.push_back(std::move(plan));
  plans.push_back({"learning-rate", "Learning rate", "", {{"step", "lr", "learning rate"}}, "learning rate"});
  plans.push_back({"throughput",
                   "Throughput",
                   "Of all ranks, over the last 100 steps, without evaluations and checkpoints.",
                   {{"step", "samples_per_second", "samples per second", /*zero_is_unknown=*/true}},
                   "samples per second"});
  plans.push_back({"loss-scale", "Loss scale", "", {{"step", "loss_scale", "loss scale"}}, "loss scale"});
  return plans;
}

// The number of steps of an epoch, where it is the same for all epochs; else NaN.
double steps_per_epoch(const RunLines& run) {
  double steps = kNone;
  for (const auto& line : run.lines) {
    if (!is_event(line, "epoch")) continue;
    const double each = number_in(line, "step") / number_in(line, "epoch");
    if (std::isfinite(steps) && std::abs(each - steps) > 1e-9 * steps) return kNone;
    steps = each;
  }
  return steps;
}

// Adds rows to a chart.
class Filler {
 public:
  Filler(Chart& chart, size_t buckets) : chart_(chart), buckets_(buckets) {}

  // Adds the rows of `run` that have the quantity, which is the series `index` of the chart.
  void add(const RunLines& run, const Quantity& quantity, size_t index) {
    std::vector<const nlohmann::json*> lines;
    std::vector<double> values;
    for (const auto& line : run.lines) {
      if (!is_event(line, quantity.event)) continue;
      lines.push_back(&line);
      const double value = value_at(line, quantity.key);
      values.push_back(quantity.zero_is_unknown && value == 0 ? kNone : value);
    }
    const auto kept = thin(values, buckets_);
    const double each = steps_per_epoch(run);
    for (const size_t i : kept) add_row(run.run, *lines[i], each, index, values[i]);
    shown_ += kept.size();
    all_ += static_cast<size_t>(std::ranges::count_if(values, [](double value) { return std::isfinite(value); }));
  }

  void finish() {
    if (shown_ == all_) return;
    chart_.note = fmt::format("{} of {} points: of each group of neighbours the least and the greatest value.",
                              rounded(static_cast<double>(shown_)), rounded(static_cast<double>(all_)));
  }

 private:
  void add_row(const std::string& run, const nlohmann::json& line, double each, size_t index, double value) {
    const double step = number_in(line, "step");
    chart_.groups.push_back(run);
    const std::array axes = {step, step / each, number_in(line, "time_s")};
    for (size_t i = 0; i < axes.size(); ++i) chart_.axes[i].values.push_back(axes[i]);
    for (size_t i = 0; i < chart_.series.size(); ++i) chart_.series[i].values.push_back(i == index ? value : kNone);
  }

  Chart& chart_;
  size_t buckets_;
  size_t shown_ = 0, all_ = 0;
};

void remove_empty_axes(Chart& chart) {
  std::erase_if(chart.axes, [](const Column& axis) {
    return std::ranges::none_of(axis.values, [](double value) { return std::isfinite(value); });
  });
}

Chart fill(const Plan& plan, const std::vector<RunLines>& runs, size_t buckets) {
  Chart chart{.id = plan.id, .title = plan.title, .explanation = plan.explanation};
  chart.unit = plan.unit;
  chart.axes = {{"step", {}}, {"epoch", {}}, {"time (s)", {}}};
  for (const Quantity& quantity : plan.quantities) chart.series.push_back({quantity.name, {}});
  Filler filler(chart, buckets);
  for (const RunLines& run : runs) {
    for (size_t i = 0; i < plan.quantities.size(); ++i) filler.add(run, plan.quantities[i], i);
  }
  filler.finish();
  if (runs.size() == 1) chart.groups.clear();
  remove_empty_axes(chart);
  return chart;
}

}  // namespace

std::vector<Chart> curve_charts(const std::vector<RunLines>& runs, const Budget& budget) {
  const std::vector<Plan> plans = plans_of(runs);
  // One line for each quantity, of about the same length; a bucket has two points.
  const size_t lines = std::max<size_t>(1, (plans.size() + 1) * runs.size());
  const size_t buckets = std::clamp(budget.rows / lines / 2, kFewestBuckets, kMostBuckets);
  std::vector<Chart> charts;
  for (const Plan& plan : plans) charts.push_back(fill(plan, runs, buckets));
  return charts;
}

std::string html_of(const std::vector<Chart>& charts) {
  std::string html;
  for (const Chart& chart : charts) html += html_of(chart);
  return html.empty() ? "" : element("div", {{"class", "charts"}}, html) + "\n";
}

}  // namespace hpcai::runs::report
