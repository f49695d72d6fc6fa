#pragma once

#include <filesystem>
#include <vector>

namespace hpcai::distributed {

// The file of the program's part for GPUs.
inline constexpr char kCudaLibrary[] = "libhpcai_cuda.so";

// Returns the places of that file, best first: HPCAI_CUDA_LIBRARY alone if it is set, else those of a build, of the archive of
// scripts/bundle.sh and of an installation.
std::vector<std::filesystem::path> cuda_library_candidates();

}  // namespace hpcai::distributed
