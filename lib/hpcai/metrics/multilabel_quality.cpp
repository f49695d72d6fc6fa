#include "hpcai/metrics/multilabel_quality.h"

#include <ATen/ATen.h>

#include <cmath>
#include <optional>
#include <utility>

#include "hpcai/metrics/classified.h"
#include "hpcai/metrics/roc.h"

namespace hpcai::metrics {
namespace {

// A label as class 1 of two, of the rows whose truth is known.
Classified one_label(const at::Tensor& probability, const at::Tensor& target) {
  Classified all;
  all.classes = 2;
  const at::Tensor probabilities = probability.to(at::kDouble).contiguous(), labels = target.to(at::kDouble).contiguous();
  for (int64_t i = 0; i < probability.size(0); ++i) {
    const double label = labels.const_data_ptr<double>()[i];
    if (std::isnan(label)) continue;
    const double p = probabilities.const_data_ptr<double>()[i];
    all.probability.insert(all.probability.end(), {1 - p, p});
    all.truth.push_back(label > 0.5 ? 1 : 0);
  }
  return all;
}

std::optional<double> average_precision_of(const Classified& all) { return average_precision(thresholds_of(all, 1)); }
std::optional<double> auc_of(const Classified& all) { return roc_auc(thresholds_of(all, 1)); }

std::optional<double> f1_at_half(const Classified& all) {
  double right = 0, wrong = 0;
  for (size_t i = 0; i < all.truth.size(); ++i) {
    const bool predicted = all.probability[2 * i + 1] >= 0.5, has_label = all.truth[i] == 1;
    if (predicted && has_label) ++right;
    if (predicted != has_label) ++wrong;
  }
  return right + wrong > 0 ? std::optional(2 * right / (2 * right + wrong)) : std::nullopt;
}

nlohmann::json number_or_null(const std::optional<double>& value) { return value ? nlohmann::json(*value) : nlohmann::json(); }

}  // namespace

nlohmann::json multilabel_quality(const std::vector<std::string>& names, const at::Tensor& probability,
                                  const at::Tensor& target) {
  const std::vector<std::pair<std::string, std::optional<double> (*)(const Classified&)>> measures = {
      {"average_precision", average_precision_of}, {"f1", f1_at_half}, {"auc", auc_of}};
  const std::vector<std::string> means = {kMeanAveragePrecisionKey, kF1MacroKey, kAucMacroKey};
  std::vector<Classified> labels;
  for (size_t i = 0; i < names.size(); ++i) {
    labels.push_back(one_label(probability.select(1, static_cast<int64_t>(i)), target.select(1, static_cast<int64_t>(i))));
  }
  nlohmann::json result;
  for (size_t m = 0; m < measures.size(); ++m) {
    nlohmann::json each = nlohmann::json::object();
    double sum = 0, count = 0;
    for (size_t i = 0; i < names.size(); ++i) {
      const std::optional<double> value = measures[m].second(labels[i]);
      each[names[i]] = number_or_null(value);
      if (!value) continue;
      sum += *value;
      ++count;
    }
    result[measures[m].first + "_each"] = each;
    result[means[m]] = number_or_null(count > 0 ? std::optional(sum / count) : std::nullopt);
  }
  return result;
}

}  // namespace hpcai::metrics
