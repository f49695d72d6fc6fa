#include "hpcai/metrics/classification_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "hpcai/core/text.h"
#include "hpcai/draw/line_chart.h"
#include "hpcai/draw/matrix_chart.h"
#include "hpcai/metrics/binomial.h"
#include "hpcai/metrics/classification_quality.h"
#include "hpcai/metrics/reliability.h"
#include "hpcai/metrics/roc.h"

namespace hpcai::metrics {
namespace {

constexpr size_t kMostRocLines = 7, kMostRocPoints = 500, kMostMatrixNames = 12, kMostNameLength = 24;
constexpr int64_t kMostCertaintyPoints = 200;

std::string subject_line(const std::string& subject) { return printable(subject, 90); }

draw::LineChart empty_chart(std::string title, std::string subject, std::string description, draw::ChartAxis x,
                            draw::ChartAxis y) {
  subject = subject_line(subject);
  return {std::move(title), std::move(subject), std::move(description), std::move(x), std::move(y), {}, {}, {}, {}};
}

struct RocLine {
  std::string name;
  double area = 0;
  std::vector<std::pair<double, double>> points;
};

std::optional<RocLine> roc_line(const Classified& all, size_t positive_class, const std::string& name) {
  const auto thresholds = thresholds_of(all, static_cast<int64_t>(positive_class));
  const auto area = roc_auc(thresholds);
  if (!area) return std::nullopt;
  RocLine line{printable(name, kMostNameLength), *area, {}};
  const std::vector<RocPoint> curve = roc_curve(thresholds);
  const size_t shown = std::min(curve.size(), kMostRocPoints);
  for (size_t i = 0; i < shown; ++i) {
    const RocPoint& point = curve[i * (curve.size() - 1) / (shown - 1)];
    line.points.emplace_back(point.false_positive_rate, point.true_positive_rate);
  }
  return line;
}

// An axis of parts from `least` to 1, which begins at a round number.
draw::ChartAxis axis_of_parts(std::string title, double least) {
  const double step = least < 0.5 ? 0.25 : least < 0.8 ? 0.1 : least < 0.98 ? 0.02 : 0.005;
  const double low = std::max(0.0, std::floor(least / step) * step);
  return {std::move(title), low < 1 ? low : 0.9, 1};
}

// The classes with the most samples that are wrong, as true or as predicted class; in the order of the classes.
std::vector<size_t> most_confused(const std::vector<std::vector<int64_t>>& confusion) {
  std::vector<int64_t> wrong(confusion.size(), 0);
  for (size_t r = 0; r < confusion.size(); ++r) {
    for (size_t c = 0; c < confusion.size(); ++c) {
      if (r == c) continue;
      wrong[r] += confusion[r][c];
      wrong[c] += confusion[r][c];
    }
  }
  std::vector<size_t> classes(confusion.size());
  std::iota(classes.begin(), classes.end(), size_t{0});
  std::ranges::stable_sort(classes, std::greater{}, [&](size_t c) { return wrong[c]; });
  classes.resize(std::min(classes.size(), kMostMatrixNames));
  std::ranges::sort(classes);
  return classes;
}

draw::MatrixCell cell_of(int64_t count, int64_t of) {
  if (of == 0) return {{"0", "no sample"}, 0};
  const Interval interval = clopper_pearson(count, of);
  const double part = static_cast<double>(count) / static_cast<double>(of);
  return {{std::to_string(count), fmt::format("{:.1f} %", 100 * part),
           fmt::format("{:.1f} to {:.1f} %", 100 * interval.low, 100 * interval.high)},
          part};
}

}  // namespace

draw::Canvas roc_figure(const Classified& all, const std::vector<std::string>& names, const std::string& subject) {
  std::vector<RocLine> lines;
  for (size_t c = names.size() == 2 ? 1 : 0; c < names.size(); ++c) {
    if (auto line = roc_line(all, c, names[c])) lines.push_back(std::move(*line));
  }
  const size_t classes = lines.size();
  if (classes > kMostRocLines) {
    std::ranges::stable_sort(lines, {}, &RocLine::area);
    lines.resize(kMostRocLines);
  }
  const std::string title = classes > kMostRocLines
                                ? fmt::format("ROC curves of the {} hardest of {} classes", kMostRocLines, classes)
                            : names.size() == 2 ? "ROC curve"
                                                : "ROC curves, each class against the rest";
  draw::LineChart chart = empty_chart(title, subject, "True positive rate against false positive rate.",
                                      {"false positive rate", 0, 1}, {"true positive rate", 0, 1});
  chart.diagonal_label = "chance";
  for (RocLine& line : lines) {
    chart.lines.push_back(
        {fmt::format("{}: AUC {:.4f}", line.name, line.area), std::move(line.points), draw::line_stroke(chart.lines.size())});
  }
  return draw::draw_line_chart(chart);
}

draw::Canvas reliability_figure(const Classified& all, const std::string& subject) {
  const std::vector<ReliabilityBin> bins = reliability(all);
  draw::ChartLine line{"accuracy", {}, {draw::colour::kBlue, 2.2}, true, {}, "95 % interval"};
  draw::LineChart chart =
      empty_chart(fmt::format("Reliability: expected calibration error {:.4f}", expected_calibration_error(bins)), subject,
                  "Accuracy against the mean of the largest class probability, in bins of the latter.",
                  {"mean certainty (largest class probability)", 0, 1}, {"accuracy", 0, 1});
  chart.bars_label = "part of the samples";
  chart.diagonal_label = "right probabilities";
  for (const ReliabilityBin& bin : bins) {
    if (bin.samples == 0) continue;
    const Interval interval = clopper_pearson(bin.right, bin.samples);
    line.points.emplace_back(std::min(1.0, bin.certainty), static_cast<double>(bin.right) / static_cast<double>(bin.samples));
    line.ranges.emplace_back(interval.low, interval.high);
    chart.bars.push_back({bin.from, bin.to, static_cast<double>(bin.samples) / static_cast<double>(all.samples())});
  }
  chart.lines.push_back(std::move(line));
  return draw::draw_line_chart(chart);
}

draw::Canvas certainty_figure(const Classified& all, const std::string& subject) {
  std::vector<int64_t> counts;
  for (int64_t i = 1; i <= kMostCertaintyPoints; ++i) {
    const int64_t count = std::max<int64_t>(1, all.samples() * i / kMostCertaintyPoints);
    if (counts.empty() || counts.back() != count) counts.push_back(count);
  }
  draw::ChartLine line{"accuracy", {}, {draw::colour::kBlue, 2.2}, false, {}, "95 % interval"};
  double least = 1;
  for (const Kept& kept : keep_most_certain(all, counts)) {
    const Interval interval = clopper_pearson(kept.right, kept.samples);
    const double accuracy = static_cast<double>(kept.right) / static_cast<double>(kept.samples);
    line.points.emplace_back(static_cast<double>(kept.samples) / static_cast<double>(all.samples()), accuracy);
    line.ranges.emplace_back(interval.low, interval.high);
    // The first few samples alone, whose interval is wide, do not stretch the axis.
    if (kept.samples * 20 >= all.samples()) least = std::min({least, interval.low, accuracy});
  }
  draw::LineChart chart =
      empty_chart("Accuracy of the most certain samples", subject,
                  "Accuracy of the most certain samples against the part of the samples that is kept.",
                  {"part of the samples that is kept, the most certain first", 0, 1}, axis_of_parts("accuracy", least));
  const auto within = [&](double y) { return std::max(y, chart.y.low); };
  for (auto& [x, y] : line.points) y = within(y);
  for (auto& [low, high] : line.ranges) low = within(low), high = within(high);
  chart.lines.push_back(std::move(line));
  return draw::draw_line_chart(chart);
}

draw::Canvas confusion_figure(const Classified& all, const std::vector<std::string>& names, const std::string& subject) {
  const auto confusion = confusion_of(all, names.size());
  const std::vector<size_t> shown = most_confused(confusion);
  draw::MatrixChart chart{.title = shown.size() < names.size()
                                       ? fmt::format("Confusion matrix: {} of {} classes", shown.size(), names.size())
                                       : "Confusion matrix",
                          .subtitle = subject_line(subject),
                          .description = "Samples of each true class (rows) by predicted class (columns).",
                          .row_title = "true class",
                          .column_title = "predicted class; parts of the true class with 95 % intervals",
                          .names = {},
                          .cells = {}};
  for (const size_t r : shown) {
    chart.names.push_back(printable(names[r], kMostNameLength));
    const int64_t support = std::accumulate(confusion[r].begin(), confusion[r].end(), int64_t{0});
    std::vector<draw::MatrixCell> row;
    for (const size_t c : shown) row.push_back(cell_of(confusion[r][c], support));
    chart.cells.push_back(std::move(row));
  }
  return draw::draw_matrix_chart(chart);
}

}  // namespace hpcai::metrics
