#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace hpcai::runs {

// Returns the build of this program and of its LibTorch as one line. It is equal on two ranks only if they run the same build.
std::string describe_build();

// Returns program version and commit, LibTorch, compiler, processor, cores, memory, GPUs, host, operating system, start time in
// UTC, and the environment variables that affect a run (Slurm, MPI, OpenMP, NCCL, Gloo, CUDA, Torch). Both executables of the
// program give the same answer.
nlohmann::json describe_environment();

// The same with the hash of this executable, for environment.json.
nlohmann::json describe_run_environment();

// Returns those of `variables` that affect a run. It withholds values whose name contains key, token, secret or password.
std::map<std::string, std::string> run_variables(const std::map<std::string, std::string>& variables);

}  // namespace hpcai::runs
