#include "hpcai/metrics/regression_quality.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

namespace hpcai::metrics {
namespace {

constexpr double kOneDeviation = 1, kDeviations95 = 1.959963984540054;  // the 97.5 % quantile of the normal density

// The rows whose targets are known.
at::Tensor known_rows(const at::Tensor& target) { return target.isnan().any(1).logical_not().nonzero().squeeze(1); }

at::Tensor wide_rows(const at::Tensor& values, const at::Tensor& rows) { return values.to(at::kDouble).index_select(0, rows); }

nlohmann::json number_or_null(double value) { return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(); }

// Adds values [targets] under `each`, and the mean of those that are numbers under `all`.
void add_values(nlohmann::json& result, const std::vector<std::string>& names, const at::Tensor& values, const std::string& each,
                const std::string& all) {
  nlohmann::json by_name = nlohmann::json::object();
  double sum = 0, count = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto value = values[static_cast<int64_t>(i)].item<double>();
    by_name[names[i]] = number_or_null(value);
    if (!std::isfinite(value)) continue;
    sum += value;
    ++count;
  }
  result[each] = by_name;
  result[all] = number_or_null(sum / count);
}

}  // namespace

nlohmann::json regression_quality(const std::vector<std::string>& names, const at::Tensor& prediction, const at::Tensor& target) {
  const at::Tensor rows = known_rows(target);
  const at::Tensor truth = wide_rows(target, rows), error = wide_rows(prediction, rows) - truth;
  const at::Tensor variation = (truth - truth.mean(0, /*keepdim=*/true)).square().sum(0);
  const at::Tensor r2 = at::where(variation > 0, 1 - error.square().sum(0) / variation, at::full_like(variation, NAN));
  nlohmann::json result;
  add_values(result, names, error.square().mean(0).sqrt(), "rmse", kRmseAllKey);
  add_values(result, names, error.abs().mean(0), "mean_absolute_error", kMaeAllKey);
  add_values(result, names, r2, "r2_each", kR2Key);
  return result;
}

nlohmann::json normal_quality(const std::vector<std::string>& names, const at::Tensor& mean, const at::Tensor& deviation,
                              const at::Tensor& target) {
  const at::Tensor rows = known_rows(target);
  const at::Tensor width = wide_rows(deviation, rows);
  const at::Tensor score = (wide_rows(target, rows) - wide_rows(mean, rows)) / width;
  const at::Tensor nll = 0.5 * score.square() + width.log() + 0.5 * std::log(2 * std::numbers::pi);
  const auto coverage = [&](double deviations) { return score.abs().le(deviations).to(at::kDouble).mean(0); };
  nlohmann::json result;
  add_values(result, names, nll.mean(0), "nll_each", kNllKey);
  add_values(result, names, coverage(kOneDeviation), "coverage_68_each", kCoverage68Key);
  add_values(result, names, coverage(kDeviations95), "coverage_95_each", kCoverage95Key);
  return result;
}

}  // namespace hpcai::metrics
