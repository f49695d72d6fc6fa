#include "hpcai/metrics/early_warning.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/draw/line_chart.h"
#include "hpcai/metrics/roc.h"

namespace hpcai::metrics {
namespace {

using Json = nlohmann::json;

constexpr double kRates[] = {0.01, 0.02, 0.05, 0.1, 0.2};  // of false alarms, for the table
constexpr size_t kMostLines = 7;

// The steps [begin, end) of one sequence.
struct Steps {
  const double *probability, *target;
  int64_t begin, end;
};

void add_sequence(const Steps& steps, int64_t warning_steps, Warnings& all) {
  int64_t event = -1;  // its step
  for (int64_t i = steps.begin; i < steps.end; ++i) {
    if (steps.target[i] > 0.5) event = i;
  }
  const int64_t end = event < 0 ? steps.end : std::max(steps.begin, event - warning_steps + 1);
  double score = 0;
  std::vector<std::pair<double, int64_t>> rises;
  for (int64_t i = steps.begin; i < end; ++i) {
    if (std::isnan(steps.target[i]) || steps.probability[i] <= score) continue;
    score = steps.probability[i];
    rises.emplace_back(score, event - i);
  }
  all.sequences.probability.insert(all.sequences.probability.end(), {1 - score, score});
  all.sequences.truth.push_back(event < 0 ? 0 : 1);
  if (event >= 0) all.rises.push_back(std::move(rises));
}

// Of the events that reach a threshold, the median of the steps between the first alarm and the event.
std::optional<double> median_warning(const Warnings& all, double threshold) {
  std::vector<double> before;
  for (const auto& rises : all.rises) {
    const auto first = std::ranges::find_if(rises, [&](const auto& rise) { return rise.first >= threshold; });
    if (first != rises.end()) before.push_back(static_cast<double>(first->second));
  }
  if (before.empty()) return std::nullopt;
  std::ranges::sort(before);
  const size_t half = before.size() / 2;
  return before.size() % 2 == 1 ? before[half] : (before[half - 1] + before[half]) / 2;
}

Json area_or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

// One label of a report.
struct LabelReport {
  Json numbers;
  draw::ChartLine line;
};

std::optional<LabelReport> report_label(const std::string& name, const Warnings& all) {
  const auto thresholds = thresholds_of(all.sequences, 1);
  const auto area = roc_auc(thresholds);
  if (!area) return std::nullopt;
  const auto events = static_cast<int64_t>(all.rises.size()), quiet = all.sequences.samples() - events;
  LabelReport report;
  report.line.label = fmt::format("{} ({:.3f})", printable(name, 24), *area);
  Json curve = Json::array(), table = Json::array();
  for (const RocPoint& point : roc_curve(thresholds)) {
    report.line.points.emplace_back(point.false_positive_rate, point.true_positive_rate);
    curve.push_back({point.false_positive_rate, point.true_positive_rate});
  }
  for (const double rate : kRates) {
    const AtThreshold* chosen = nullptr;  // the lowest threshold with at most this rate of false alarms
    for (const AtThreshold& at : thresholds) {
      if (static_cast<double>(at.negatives) <= rate * static_cast<double>(quiet) + 1e-9) chosen = &at;
    }
    if (chosen == nullptr) continue;
    table.push_back({{"at_most_false", rate},
                     {"threshold", chosen->threshold},
                     {"false_alarms", static_cast<double>(chosen->negatives) / static_cast<double>(quiet)},
                     {"true_alarms", static_cast<double>(chosen->positives) / static_cast<double>(events)},
                     {"median_warning_steps", area_or_null(median_warning(all, chosen->threshold))}});
  }
  report.numbers = {{"label", name}, {"auc", *area}, {"events", events}, {"without_event", quiet}, {"at_false_alarms", table},
                    {"curve", curve}};
  return report;
}

std::string warning_tables(const Json& numbers, const std::string& subject) {
  std::string text = fmt::format(
      "# Early warning\n\n{}\n\nA sequence with a label in any step has an event, at the last of these steps. An alarm is a step "
      "whose "
      "probability reaches the threshold. True alarms: part of the events with an alarm at least {} before. False alarms: part "
      "of "
      "the sequences without event that have an alarm. Warning: median of the steps between the first alarm and the event.\n",
      printable(subject, 200), plural(numbers.at("warning_steps").get<int64_t>(), "step"));
  for (const Json& label : numbers.at("labels")) {
    text +=
        fmt::format("\n## {}\n\n{} with an event, {} without. Area under the curve: {:.4f}.\n\n",
                    printable(label.at("label").get<std::string>(), 60), plural(label.at("events").get<int64_t>(), "sequence"),
                    label.at("without_event").get<int64_t>(), label.at("auc").get<double>());
    text += "| false alarms | true alarms | threshold | warning (steps) |\n| --- | --- | --- | --- |\n";
    for (const Json& row : label.at("at_false_alarms")) {
      const Json& warning = row.at("median_warning_steps");
      text += fmt::format("| {:.4f} | {:.4f} | {:.4f} | {} |\n", row.at("false_alarms").get<double>(),
                          row.at("true_alarms").get<double>(), row.at("threshold").get<double>(),
                          warning.is_number() ? fmt::format("{:g}", warning.get<double>()) : "-");
    }
  }
  return text;
}

}  // namespace

Warnings warnings_of(const std::vector<int64_t>& index, const at::Tensor& probability, const at::Tensor& target,
                     int64_t warning_steps) {
  const at::Tensor p = probability.to(at::kDouble).contiguous(), t = target.to(at::kDouble).contiguous();
  Warnings all;
  all.sequences.classes = 2;
  const auto rows = static_cast<int64_t>(index.size());
  for (int64_t begin = 0, end = 0; begin < rows; begin = end) {
    while (end < rows && index[static_cast<size_t>(end)] == index[static_cast<size_t>(begin)]) ++end;
    add_sequence({p.const_data_ptr<double>(), t.const_data_ptr<double>(), begin, end}, warning_steps, all);
  }
  return all;
}

Json warning_quality(const std::vector<std::string>& names, const std::vector<int64_t>& index, const at::Tensor& probability,
                     const at::Tensor& target, int64_t warning_steps) {
  Json each = Json::object();
  double sum = 0, count = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto label = static_cast<int64_t>(i);
    const Warnings all = warnings_of(index, probability.select(1, label), target.select(1, label), warning_steps);
    const auto area = roc_auc(thresholds_of(all.sequences, 1));
    each[names[i]] = area_or_null(area);
    sum += area.value_or(0);
    count += area ? 1 : 0;
  }
  return {{std::string(kWarningAucKey) + "_each", each}, {kWarningAucKey, count > 0 ? Json(sum / count) : Json()}};
}

WarningReport warning_report(const std::vector<std::string>& names, const std::vector<int64_t>& index,
                             const at::Tensor& probability, const at::Tensor& target, int64_t warning_steps,
                             const std::string& subject) {
  Json numbers = {{"warning_steps", warning_steps}, {"labels", Json::array()}};
  draw::LineChart chart{.title = "Early warning",
                        .subtitle = printable(subject, 90),
                        .description = "True alarms against false alarms, in parts of the sequences with and without an event.",
                        .x = {"false alarms (part of the sequences without event)", 0, 1},
                        .y = {fmt::format("true alarms at least {} before", plural(warning_steps, "step")), 0, 1},
                        .lines = {}};
  chart.diagonal_label = "chance";
  for (size_t i = 0; i < names.size(); ++i) {
    const auto label = static_cast<int64_t>(i);
    auto report =
        report_label(names[i], warnings_of(index, probability.select(1, label), target.select(1, label), warning_steps));
    if (!report) continue;
    numbers["labels"].push_back(std::move(report->numbers));
    if (chart.lines.size() == kMostLines) continue;
    report->line.stroke = draw::line_stroke(chart.lines.size());
    chart.lines.push_back(std::move(report->line));
  }
  if (chart.lines.empty()) {
    throw Error(ExitCode::bad_data, "--report: no label has both sequences with an event and sequences without",
                "Give samples with both.");
  }
  return {numbers, warning_tables(numbers, subject), draw::draw_line_chart(chart)};
}

}  // namespace hpcai::metrics
