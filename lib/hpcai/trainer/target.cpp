#include "hpcai/trainer/target.h"

#include <limits>

#include "hpcai/core/json.h"
#include "hpcai/tasks/tasks.h"

namespace hpcai::trainer {
namespace {

bool meets(const nlohmann::json& metrics, const tasks::Metric& metric, double value) {
  const auto found = metrics.find(metric.name);
  if (found == metrics.end() || !found->is_number()) return false;
  return metric.higher_is_better ? found->get<double>() >= value : found->get<double>() <= value;
}

}  // namespace

bool Target::observe(const nlohmann::json& metrics, const Position& position, double time_s) {
  if (config_.target_metric == tasks::MetricChoice::none) return false;
  if (!meets(metrics, tasks::metric_of(config_.target_metric), config_.target_value)) return false;
  if (reached_.is_null()) reached_ = {{"time_s", time_s}, {"epoch", position.epoch}, {"step", position.step}};
  return config_.stop_at_target;
}

void Target::load(const nlohmann::json& state) {
  if (!state.is_null()) {
    number_at(state, "time_s", 0, std::numeric_limits<double>::max());
    count_at(state, "epoch");
    count_at(state, "step");
  }
  reached_ = state;
}

nlohmann::json Target::summary() const {
  if (config_.target_metric == tasks::MetricChoice::none) return nullptr;
  nlohmann::json summary = {{"metric", tasks::metric_of(config_.target_metric).name},
                            {"value", config_.target_value},
                            {"reached", !reached_.is_null()}};
  if (!reached_.is_null()) summary.update(reached_);
  return summary;
}

}  // namespace hpcai::trainer
