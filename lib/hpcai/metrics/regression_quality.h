#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace hpcai::metrics {

// Keys of results: over all targets, and "_each" of each target by name.
inline constexpr const char *kR2Key = "r2", *kRmseAllKey = "rmse_all", *kMaeAllKey = "mean_absolute_error_all", *kNllKey = "nll",
                            *kCoverage68Key = "coverage_68", *kCoverage95Key = "coverage_95";

// The quality of predictions [n, targets] of targets [n, targets] with these names, in float64 and in the targets' units:
// {"rmse": {name: ..}, "mean_absolute_error": {name: ..}, "r2_each": {name: ..}} and their means over the targets {"rmse_all",
// "mean_absolute_error_all", "r2"}. As scikit-learn's root_mean_squared_error, mean_absolute_error and r2_score with
// multioutput="raw_values" and "uniform_average". R2 is null for a target that does not vary, and its mean is over the others.
// Rows with a NaN target do not count; all are null without rows.
nlohmann::json regression_quality(const std::vector<std::string>& names, const at::Tensor& prediction, const at::Tensor& target);

// The quality of normal densities with these means and standard deviations: {"nll_each": {name: ..}, "coverage_68_each": {name:
// ..}, "coverage_95_each": {name: ..}} and their means over the targets {"nll", "coverage_68", "coverage_95"}. nll is the mean of
// -ln p(target), with the density per unit of the target. A coverage is the part of the targets within 1 (68.27 %) and 1.96 (95
// %) deviations of the mean.
nlohmann::json normal_quality(const std::vector<std::string>& names, const at::Tensor& mean, const at::Tensor& deviation,
                              const at::Tensor& target);

}  // namespace hpcai::metrics
