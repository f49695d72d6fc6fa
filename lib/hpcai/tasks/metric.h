#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

namespace hpcai::tasks {

// A number by which a person judges a trained model.
struct Metric {
  std::string_view name;   // in metrics.jsonl and as evaluation.target_metric: "overlap_median"
  std::string_view label;  // on the console: "overlap median"
  bool higher_is_better = true;

  bool operator==(const Metric&) const = default;
};

inline constexpr Metric kLoss{"loss", "loss", false};  // of every task

// "loss 0.12, overlap median 0.991": the `metrics` for which `values`, the metrics of an evaluation, has a number.
std::string describe_quality(std::span<const Metric> metrics, const nlohmann::json& values);

}  // namespace hpcai::tasks
