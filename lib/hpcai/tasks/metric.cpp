#include "hpcai/tasks/metric.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace hpcai::tasks {

std::string describe_quality(std::span<const Metric> metrics, const nlohmann::json& values) {
  std::string text;
  for (const Metric& metric : metrics) {
    const auto found = values.find(metric.name);
    if (found == values.end() || !found->is_number()) continue;
    text += fmt::format("{}{} {:.4g}", text.empty() ? "" : ", ", metric.label, found->get<double>());
  }
  return text;
}

}  // namespace hpcai::tasks
