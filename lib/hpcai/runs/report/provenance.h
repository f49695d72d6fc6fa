#pragma once

#include <string>
#include <vector>

#include "hpcai/runs/read_run.h"
#include "hpcai/runs/report/page.h"

namespace hpcai::runs::report {

// Where a run comes from: program, machine, ranks, seed, data, weights, checkpoints, and its files command.txt, config.yaml,
// environment.json and the end of log.txt. Longer files are cut to the budget, and say so.
std::string provenance_html(const Run& run, const Budget& budget);

// The commands that repeat, continue or measure the run again, and what tells whether the repetition is the same.
std::string repeat_html(const Run& run);

// A text file of a folder as a box that opens; empty if it does not exist. `at_end`: a file beyond the budget keeps its end,
// instead of its beginning.
std::string file_html(const std::filesystem::path& file, const Budget& budget, bool at_end = false);

}  // namespace hpcai::runs::report
