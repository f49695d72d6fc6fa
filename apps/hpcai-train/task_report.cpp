#include "task_report.h"

#include <filesystem>

#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/text.h"

namespace hpcai::app {

void write_task_report(const Trained& trained, const metrics::Predictions::Gathered& all, const nlohmann::json& metrics,
                       const std::string& subject, const std::string& folder) {
  const auto files = trained.task->report({*trained.dataset, all, metrics, subject});
  for (const tasks::ReportFile& file : files) write_output(std::filesystem::path(folder) / file.name, file.content, "--report");
  log::info("tables and figures in {}", printable(std::filesystem::path(folder)));
}

}  // namespace hpcai::app
