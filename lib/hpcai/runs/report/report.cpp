#include "hpcai/runs/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "hpcai/core/error.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"
#include "hpcai/core/utc_time.h"
#include "hpcai/core/version.h"
#include "hpcai/runs/read_run.h"
#include "hpcai/runs/report/comparison.h"
#include "hpcai/runs/report/page.h"
#include "hpcai/runs/report/run_report.h"
#include "hpcai/runs/report/search.h"
#include "hpcai/runs/report/study.h"

namespace hpcai::runs::report {
namespace {

namespace fs = std::filesystem;

// Without a slash at the end, so that the last part is the name.
fs::path plain(const fs::path& folder) {
  const fs::path path = absolute_path(folder) == absolute_path(fs::path(".")) ? absolute_path(folder) : folder.lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

bool is_study(const fs::path& folder) { return path_exists(folder / "scaling.json"); }
bool is_search(const fs::path& folder) { return path_exists(folder / "trials.csv"); }

void refuse_mixture(const Subject& subject) {
  const bool all_runs =
      std::ranges::none_of(subject.folders, [](const fs::path& path) { return is_study(path) || is_search(path); });
  if (subject.folders.size() > 1 && !all_runs) {
    throw Error(ExitCode::usage, "only runs can be compared, not scaling studies or searches",
                "Write the report of a study or a search by itself.");
  }
  if (!subject.quality.empty() && (subject.folders.size() != 1 || !all_runs)) {
    throw Error(ExitCode::usage, "--quality belongs to the report of one run", "Leave it out, or name one run.");
  }
  for (const fs::path& folder : subject.quality) {
    if (!is_folder(folder))
      throw Error(ExitCode::missing_input, fmt::format("--quality: there is no folder {}", printable(folder)));
  }
}

Page page_of(const Subject& subject, const std::vector<Run>& runs, const Budget& budget) {
  const fs::path folder = plain(subject.folders.front());
  if (is_study(folder)) return study_page(folder, budget);
  if (is_search(folder)) return search_page(folder, budget);
  return runs.size() == 1 ? run_page(runs.front(), subject.quality, budget) : comparison_page(runs, budget);
}

std::vector<Run> runs_of(const Subject& subject) {
  std::vector<Run> runs;
  for (const fs::path& folder : subject.folders) {
    if (!is_study(folder) && !is_search(folder)) runs.push_back(read_run(plain(folder)));
  }
  return runs;
}

}  // namespace

Report make_report(const Subject& subject, int refresh_s) {
  refuse_mixture(subject);
  const std::vector<Run> runs = runs_of(subject);
  Report report;
  report.lives = std::ranges::any_of(runs, [](const Run& run) { return run.state.lives(); });
  const std::string written = utc_text(std::time(nullptr));
  for (Budget budget; report.html.empty() || (report.html.size() >= kMostBytes && budget.text_bytes > 0);
       budget = budget.half()) {
    Page page = page_of(subject, runs, budget);
    page.footer = fmt::format("Written {} by hpcai-train {} report. This file needs no network. Charts: Chart.js, MIT licence.",
                              written, kVersion);
    page.refresh_s = report.lives ? refresh_s : 0;
    report.html = html_of(page);
  }
  return report;
}

}  // namespace hpcai::runs::report
