#pragma once

#include <optional>
#include <string>

#include "hpcai/runs/read_run.h"

namespace hpcai::runs {

// Returns what a run has derived from a setting that leaves a choice to the program, or that others change: "2 threads: share of
// the cores" for training.threads 0. Nothing for other settings, or if the run has not recorded it.
std::optional<std::string> derived_from(const Run& run, const std::string& key);

}  // namespace hpcai::runs
