#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace hpcai::tasks {

// What the draws from a density say about one value of a sample: a row [kDrawSummaries] of the tensors below.
enum DrawSummary : int64_t { kRank, kP05, kMedian, kP95, kDeviation, kDrawSummaries };

// draws [batch, draws, values], truth [batch, values] or undefined -> [batch, values, kDrawSummaries]: the part of the draws
// below the truth (NaN if the truth is not known), the quantiles 5 %, 50 % and 95 %, and the standard deviation.
at::Tensor summarise_draws(const at::Tensor& draws, const at::Tensor& truth);

inline constexpr const char *kSmallestPKey = "ks_p_min", *kSharpnessKey = "relative_width";

// Whether densities are calibrated: the ranks of the truths are uniform if the truths are draws from the densities. `names`: of
// the values. summaries [sample, values, kDrawSummaries]; truth [sample, values]. Returns
//   {"calibration": {name: {"ks_p": p-value of Kolmogorov and Smirnov that the ranks are uniform, "coverage_90": part of the
//   truths
//    between the quantiles 5 % and 95 %, "relative_width": mean standard deviation divided by that of the truths}},
//    "ks_p_min": the smallest p-value, "relative_width": the mean over the values}.
nlohmann::json calibration(const std::vector<std::string>& names, const at::Tensor& summaries, const at::Tensor& truth);

// The ranks of value `value` of all samples: summaries [sample, values, kDrawSummaries] -> [sample].
std::vector<double> ranks_of(const at::Tensor& summaries, int64_t value);

}  // namespace hpcai::tasks
