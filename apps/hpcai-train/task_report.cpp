#include "task_report.h"

#include <filesystem>
#include <vector>

#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/text.h"
#include "hpcai/runs/hashes.h"

namespace hpcai::app {

void write_task_report(const Trained& trained, const metrics::Predictions::Gathered& all, const nlohmann::json& metrics,
                       const std::string& subject, const std::string& folder) {
  const auto files = trained.task->report({*trained.dataset, all, metrics, subject});
  std::vector<std::filesystem::path> written;
  for (const tasks::ReportFile& file : files) {
    written.push_back(std::filesystem::path(folder) / file.name);
    write_output(written.back(), file.content, "--report");
  }
  runs::record_outputs(written);
  log::info("tables and figures in {}", printable(std::filesystem::path(folder)));
}

}  // namespace hpcai::app
