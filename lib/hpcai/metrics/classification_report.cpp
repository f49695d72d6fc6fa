#include "hpcai/metrics/classification_report.h"

#include <algorithm>

#include "hpcai/metrics/accumulators.h"
#include "hpcai/metrics/classification_quality.h"
#include "hpcai/metrics/reliability.h"
#include "hpcai/metrics/roc.h"
#include "hpcai/metrics/temperature.h"

namespace hpcai::metrics {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostCurves = 20;

Json reliability_json(const Classified& all) {
  Json table = Json::array();
  for (const ReliabilityBin& bin : reliability(all)) {
    Json row = kept_json({bin.samples, bin.right, 0});
    row.erase("least_certainty");
    row.update({{"from", bin.from}, {"to", bin.to}, {"certainty", bin.samples > 0 ? Json(bin.certainty) : Json()}});
    table.push_back(row);
  }
  return table;
}

Json certainty_json(const Classified& all) {
  std::vector<int64_t> counts;
  for (int64_t part = 1; part <= 10; ++part) counts.push_back(tenths(all.samples(), part));
  Json table = Json::array();
  for (const Kept& kept : keep_most_certain(all, counts)) {
    Json row = kept_json(kept);
    row["part"] = static_cast<double>(table.size() + 1) / 10;
    table.push_back(row);
  }
  return table;
}

Json temperature_json(const Classified& all) {
  const auto value = fit_temperature(all);
  const auto error = [](const Classified& of) { return expected_calibration_error(reliability(of)); };
  Json fit = {{"value", value_or_null(value)},
              {"log_loss_before", log_loss(all)},
              {"ece_before", error(all)},
              {"log_loss_after", nullptr},
              {"ece_after", nullptr}};
  if (!value) return fit;
  const Classified after = with_temperature(all, *value);
  fit["log_loss_after"] = log_loss(after);
  fit["ece_after"] = error(after);
  return fit;
}

Json roc_json(const ClassificationResult& result) {
  constexpr size_t kMostPoints = 200;
  Json curves = Json::array();
  const size_t classes = result.names.size();
  if (classes > kMostCurves) return curves;
  for (size_t c = classes == 2 ? 1 : 0; c < classes; ++c) {
    const std::vector<RocPoint> points = roc_curve(thresholds_of(result.all, static_cast<int64_t>(c)));
    if (points.empty()) continue;
    Json x = Json::array(), y = Json::array();
    const size_t shown = std::min(points.size(), kMostPoints);
    for (size_t i = 0; i < shown; ++i) {
      const RocPoint& point = points[i * (points.size() - 1) / std::max<size_t>(1, shown - 1)];
      x.push_back(point.false_positive_rate);
      y.push_back(point.true_positive_rate);
    }
    curves.push_back({{"class", result.names[c]}, {"false_positive_rate", x}, {"true_positive_rate", y}});
  }
  return curves;
}

Json mistakes_json(const ClassificationResult& result) {
  Json list = Json::array();
  for (const int64_t i : certain_mistakes(result.all)) {
    const auto truth = static_cast<size_t>(result.all.truth[static_cast<size_t>(i)]);
    list.push_back({{"id", result.ids[static_cast<size_t>(i)]},
                    {"true", result.names[truth]},
                    {"predicted", result.names[static_cast<size_t>(result.all.predicted(i))]},
                    {"probability", result.all.certainty(i)},
                    {"probability_of_true", result.all.row(i)[truth]}});
  }
  return list;
}

}  // namespace

std::vector<int64_t> certain_mistakes(const Classified& all) {
  std::vector<int64_t> mistakes;
  for (const int64_t i : most_certain_first(all)) {
    if (std::ssize(mistakes) == kMostMistakes) break;
    if (!all.right(i)) mistakes.push_back(i);
  }
  return mistakes;
}

Json classification_tables(const ClassificationResult& result) {
  return {{"reliability", reliability_json(result.all)},
          {"certainty", certainty_json(result.all)},
          {"temperature", temperature_json(result.all)},
          {"roc", roc_json(result)},
          {"mistakes", mistakes_json(result)}};
}

}  // namespace hpcai::metrics
