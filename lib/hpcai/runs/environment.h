#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace hpcai::runs {

// What this program and the LibTorch under it were built from, as one line: equal on two ranks only if they run the same.
std::string describe_build();

// What environment.json holds: program version and commit, LibTorch, compiler, processor, cores, memory, GPUs, host,
// operating system, start time in UTC, and the variables that steer a run (Slurm, MPI, OpenMP, NCCL, Gloo, CUDA,
// Torch).
nlohmann::json describe_environment();

// Of `variables`, those that steer a run; values whose name speaks of a key, token, secret or password are withheld.
std::map<std::string, std::string> run_variables(const std::map<std::string, std::string>& variables);

}  // namespace hpcai::runs
