#pragma once

#include <filesystem>

#include "hpcai/runs/report/page.h"

namespace hpcai::runs::report {

// The report of a search for settings, from trials.csv in its folder: a row for each trial, with the columns "trial", "status"
// and "value" and one column for each setting. search.svg and best.yaml belong to it. Throws Error{bad_data} for a table without
// these columns.
Page search_page(const std::filesystem::path& folder, const Budget& budget);

}  // namespace hpcai::runs::report
