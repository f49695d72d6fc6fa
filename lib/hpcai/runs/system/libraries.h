#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/runs/system/facts.h"

namespace hpcai::runs {

// Returns the folders that hold the libraries of LibTorch and of CUDA for this program: of an installation, of a build, of
// TORCH_DIR. They need not exist.
std::vector<std::filesystem::path> libtorch_folders(const std::filesystem::path& program);

// Returns the first libnccl.so.2 of the folders, with its version.
std::optional<Part> find_nccl(const std::vector<std::filesystem::path>& folders);

// Returns the newest libcudart of the first folder that has one, with its version.
std::optional<Part> find_cuda_runtime(const std::vector<std::filesystem::path>& folders);

// "2.28.9" of 22809, as ncclGetVersion() numbers versions since 2.9; "2.8.3" of 2803, as before.
std::string nccl_version_text(int version);

// "13.0" of 13000, as CUDA numbers versions.
std::string cuda_version_text(int version);

}  // namespace hpcai::runs
