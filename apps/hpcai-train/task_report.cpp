#include "task_report.h"

#include <filesystem>

#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/runs/hashes.h"

namespace hpcai::app {

void write_task_report(const Trained& trained, const metrics::Predictions::Gathered& all, const nlohmann::json& metrics,
                       const std::string& subject, const std::string& folder) {
  const auto files = trained.task->report({*trained.dataset, all, metrics, subject});
  runs::ReportFolder report(folder, "--report");
  for (const tasks::ReportFile& file : files) report.write(file.name, file.content);
  report.record();
  log::info("tables and figures in {}", printable(std::filesystem::path(folder)));
}

}  // namespace hpcai::app
