#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace hpcai::runs {

// Returns the build of this program and of its LibTorch as one line. It is equal on two ranks only if they run the same build.
std::string describe_build();

// Returns program version and commit, LibTorch, compiler, processor, cores, memory, GPUs, host, operating system, start time in
// UTC, and the environment variables that affect a run (Slurm, MPI, OpenMP, NCCL, Gloo, CUDA, Torch). Both executables of the
// program give the same answer.
nlohmann::json describe_environment();

// The same with the hash of this executable, for environment.json.
nlohmann::json describe_run_environment();

// Returns the names of the GPUs from the driver's files. It needs no CUDA library.
std::vector<std::string> gpu_names();

// Returns the value of the first line "name : value" of a text file such as /proc/cpuinfo; "unknown" if there is none.
std::string field_of(const std::filesystem::path& file, const std::string& name);

// Returns those of `variables` that affect a run. It withholds values whose name contains key, token, secret or password.
std::map<std::string, std::string> run_variables(const std::map<std::string, std::string>& variables);

}  // namespace hpcai::runs
