#include "hpcai/distributed/exchange/cuda_library_path.h"

#include <cstdlib>

#include "hpcai/core/process.h"

namespace hpcai::distributed {

std::vector<std::filesystem::path> cuda_library_candidates() {
  if (const char* chosen = std::getenv("HPCAI_CUDA_LIBRARY"); chosen && *chosen) return {chosen};
  const auto folder = std::filesystem::path(program_path()).parent_path();
  const auto libraries = folder.parent_path() / "lib";
  return {folder / kCudaLibrary, libraries / kCudaLibrary, libraries / "hpcai-train" / kCudaLibrary};
}

}  // namespace hpcai::distributed
