#include "hpcai/metrics/classification_quality.h"

#include <array>

#include "hpcai/metrics/accumulators.h"
#include "hpcai/metrics/reliability.h"
#include "hpcai/metrics/roc.h"

namespace hpcai::metrics {
namespace {

using Json = nlohmann::json;

Json part_of(int64_t count, int64_t of) { return of > 0 ? Json(static_cast<double>(count) / static_cast<double>(of)) : Json(); }

// `name`, `name`_low and `name`_high of a part.
void add_part(Json& values, const std::string& name, int64_t count, int64_t of) {
  const Interval interval = clopper_pearson(count, of);
  values[name] = part_of(count, of);
  values[name + "_low"] = of > 0 ? Json(interval.low) : Json();
  values[name + "_high"] = of > 0 ? Json(interval.high) : Json();
}

Json quality_of_class(const Classified& all, const std::vector<std::vector<int64_t>>& confusion, size_t c,
                      const std::string& name) {
  int64_t support = 0, predicted = 0;
  for (size_t k = 0; k < confusion.size(); ++k) {
    support += confusion[c][k];
    predicted += confusion[k][c];
  }
  const int64_t hits = confusion[c][c];
  Json values = {{"name", name}, {"support", support}, {"predicted", predicted}};
  add_part(values, "precision", hits, predicted);
  add_part(values, "recall", hits, support);
  values[kF1Key] = part_of(2 * hits, support + predicted);
  const auto thresholds = thresholds_of(all, static_cast<int64_t>(c));
  values[kRocAucKey] = value_or_null(roc_auc(thresholds));
  values["average_precision"] = value_or_null(average_precision(thresholds));
  return values;
}

// The mean over the classes that have a value.
Json mean_over_classes(const Json& classes, const char* key) {
  double sum = 0;
  int64_t count = 0;
  for (const Json& values : classes) {
    if (!values.at(key).is_number()) continue;
    sum += values.at(key).get<double>();
    ++count;
  }
  return count > 0 ? Json(sum / static_cast<double>(count)) : Json();
}

}  // namespace

Json value_or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

int64_t tenths(int64_t samples, int64_t part) { return (samples * part + 9) / 10; }

Json kept_json(const Kept& kept) {
  Json values = {{"samples", kept.samples}, {"right", kept.right}, {"least_certainty", kept.least_certainty}};
  add_part(values, kAccuracyKey, kept.right, kept.samples);
  return values;
}

std::vector<std::vector<int64_t>> confusion_of(const Classified& all, size_t classes) {
  std::vector<std::vector<int64_t>> confusion(classes, std::vector<int64_t>(classes, 0));
  for (int64_t i = 0; i < all.samples(); ++i) {
    ++confusion[static_cast<size_t>(all.truth[static_cast<size_t>(i)])][static_cast<size_t>(all.predicted(i))];
  }
  return confusion;
}

Json classification_quality(const Classified& all, const std::vector<std::string>& names) {
  const bool any = all.samples() > 0;
  const auto confusion = confusion_of(all, names.size());
  int64_t right = 0;
  for (size_t c = 0; c < names.size(); ++c) right += confusion[c][c];
  Json quality = {{"samples", all.samples()}, {"confusion", confusion}, {"classes", Json::array()}};
  add_part(quality, kAccuracyKey, right, all.samples());
  Json& classes = quality["classes"];
  for (size_t c = 0; c < names.size(); ++c) classes.push_back(quality_of_class(all, confusion, c, names[c]));
  const bool two = names.size() == 2;
  for (const char* key : {"precision", "recall", kF1Key}) {
    if (two) quality[key] = classes[1].at(key);
    quality[std::string("macro_") + key] = mean_over_classes(classes, key);
  }
  for (const char* key : {kRocAucKey, "average_precision"}) {
    quality[key] = two ? classes[1].at(key) : mean_over_classes(classes, key);
  }
  quality[kLogLossKey] = any ? Json(log_loss(all)) : Json();
  quality["brier"] = any ? Json(brier_score(all)) : Json();
  quality[kCalibrationErrorKey] = any ? Json(expected_calibration_error(reliability(all))) : Json();
  quality["certain_half_accuracy"] = Json();
  if (any) {
    const std::array half = {tenths(all.samples(), 5)};
    quality["certain_half_accuracy"] = kept_json(keep_most_certain(all, half)[0]).at(kAccuracyKey);
  }
  return quality;
}

}  // namespace hpcai::metrics
