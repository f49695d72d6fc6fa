#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace hpcai::runs::report {

// What a report is about.
struct Subject {
  // One run, several runs, or the folder of a scaling study (scaling.json) or of a search (trials.csv).
  std::vector<std::filesystem::path> folders{};
  std::vector<std::filesystem::path> quality{};  // further folders of `evaluate --report`, of one run
};

// A page is smaller than this.
inline constexpr size_t kMostBytes = 2'000'000;

struct Report {
  std::string html{};
  bool lives = false;  // whether one of the runs goes on, so that the report will change
};

// Returns one HTML file. `refresh_s`: while a run goes on, a browser loads the page again after so many seconds; 0: never.
// Throws Error{missing_input} for a folder that holds none of these, Error{usage} if several folders are not all runs or if
// `quality` is given for something else than one run, Error{bad_data} for a damaged study or search.
Report make_report(const Subject& subject, int refresh_s = 0);

}  // namespace hpcai::runs::report
