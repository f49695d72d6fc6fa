#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "hpcai/runs/report/chart.h"

namespace hpcai::runs::report {

// The bars of mean steps, as "step_time" of summary.json has them, in seconds. `group_name`: what a bar stands for.
class StepChart {
 public:
  StepChart(const std::string& id, const std::string& group_name);

  // Adds a bar, unless `step_time` has no times.
  void add(const std::string& label, const nlohmann::json& step_time);
  const Chart& chart() const { return chart_; }

 private:
  Chart chart_;
};

}  // namespace hpcai::runs::report
