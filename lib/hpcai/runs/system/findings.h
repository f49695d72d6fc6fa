#pragma once

#include <string>
#include <vector>

#include "hpcai/runs/system/facts.h"

namespace hpcai::runs {

// Something on a machine that prevents training, slows it down or is contradictory.
struct Finding {
  std::string about;  // "driver", "nccl", "toolkit", "gpu_part", "instruction_sets", "shared_memory", "openmp", "locks"
  std::string problem, remedy;
};

// Returns what does not fit together.
std::vector<Finding> find_misfits(const SystemFacts& facts);

// Whether version `a` is older than `b`, by their numbers: "525.60" is older than "525.105", "12" than "12.1".
bool is_older(const std::string& a, const std::string& b);

}  // namespace hpcai::runs
