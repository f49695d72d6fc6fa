#pragma once

#include <filesystem>

#include "hpcai/runs/report/page.h"

namespace hpcai::runs::report {

// The report of a scaling study, from the scaling.json in its folder: time to the target, throughput, efficiency and the parts of
// a step over the number of ranks, with the predictions. Throws Error{bad_data} for a file that is no such report.
Page study_page(const std::filesystem::path& folder, const Budget& budget);

}  // namespace hpcai::runs::report
