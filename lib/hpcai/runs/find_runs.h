#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "hpcai/runs/read_run.h"

namespace hpcai::runs {

// Returns the folders of all runs in `folders` and below them, sorted, each once. A folder of `folders` may itself hold a run.
// Links are followed. Folders that cannot be read are skipped with a warning. Throws Error{missing_input} if one of `folders`
// does not exist.
std::vector<std::filesystem::path> find_runs(const std::vector<std::filesystem::path>& folders);

// Reads these runs on all threads, in their order. A folder that vanishes in the meantime is left out.
std::vector<Run> read_runs(const std::vector<std::filesystem::path>& folders, const RunParts& parts);

}  // namespace hpcai::runs
