#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace hpcai::runs {

// Returns the build of this program and of its LibTorch as one line. It is equal on two ranks only if they run the same build.
std::string describe_build();

// Returns the content of environment.json: program version, commit and executable, LibTorch, compiler, processor, cores, memory,
// GPUs, host, operating system, start time in UTC, and the environment variables that affect a run (Slurm, MPI, OpenMP, NCCL,
// Gloo, CUDA, Torch).
nlohmann::json describe_environment();

// Returns those of `variables` that affect a run. It withholds values whose name contains key, token, secret or password.
std::map<std::string, std::string> run_variables(const std::map<std::string, std::string>& variables);

}  // namespace hpcai::runs
