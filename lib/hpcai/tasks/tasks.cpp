#include "hpcai/tasks/tasks.h"

#include <algorithm>

#include "hpcai/tasks/task.h"

namespace hpcai::tasks {
namespace {

template <class... Config>
std::vector<Metric> metrics_of_all(const std::variant<Config...>*) {
  std::vector<Metric> all;
  auto add = [&](const Task& task) {
    for (const Metric& metric : task.metrics()) {
      if (std::find(all.begin(), all.end(), metric) == all.end()) all.push_back(metric);
    }
  };
  (add(*make(Config{}, {})), ...);
  return all;
}

}  // namespace

std::unique_ptr<Task> make_task(const TaskConfig& config, const EvaluationOptions& options) {
  return std::visit([&](const auto& chosen) { return make(chosen, options); }, config);
}

std::vector<Metric> all_metrics() { return metrics_of_all(static_cast<const TaskConfig*>(nullptr)); }

config::EnumNames<MetricChoice> enum_names(MetricChoice) {
  config::EnumNames<MetricChoice> names{{MetricChoice::none, "none"}};
  for (const Metric& metric : all_metrics()) names.emplace_back(static_cast<MetricChoice>(names.size()), metric.name);
  return names;
}

Metric metric_of(MetricChoice choice) { return all_metrics().at(static_cast<size_t>(choice) - 1); }

}  // namespace hpcai::tasks
