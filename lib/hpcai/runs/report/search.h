#pragma once

#include <filesystem>

#include "hpcai/runs/report/page.h"

namespace hpcai::runs::report {

// The report of a search for settings, from what hpcai-train search has written into its folder: trials.csv, best.yaml,
// search.svg, space.yaml, config.yaml, search.json. Throws Error{bad_data} for a table of trials without the columns of a search.
Page search_page(const std::filesystem::path& folder, const Budget& budget);

}  // namespace hpcai::runs::report
