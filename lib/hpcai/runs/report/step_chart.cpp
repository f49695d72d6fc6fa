#include "hpcai/runs/report/step_chart.h"

#include <array>
#include <utility>

#include "hpcai/runs/report/values.h"

namespace hpcai::runs::report {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 4> kParts = {{{"compute_s", "computing"},
                                                                        {"exposed_communication_s", "exposed communication"},
                                                                        {"input_s", "input"},
                                                                        {"imbalance_s", "imbalance"}}};

}  // namespace

StepChart::StepChart(const std::string& id, const std::string& group_name)
    : chart_{.id = id,
             .title = "Parts of the mean step",
             .explanation =
                 "Computing: forward, backward, update. Exposed communication: exchange that no computation hides. Input: "
                 "waiting for data. Imbalance: waiting for slower ranks.",
             .kind = ChartKind::bars,
             .unit = "time of a step (s)",
             .group_name = group_name} {
  for (const auto& [key, name] : kParts) chart_.series.push_back({name, {}});
}

void StepChart::add(const std::string& label, const nlohmann::json& step_time) {
  if (!(number_in(step_time, "mean_s") > 0)) return;
  chart_.groups.push_back(label);
  for (size_t i = 0; i < kParts.size(); ++i) chart_.series[i].values.push_back(number_in(step_time, kParts[i].first));
}

}  // namespace hpcai::runs::report
