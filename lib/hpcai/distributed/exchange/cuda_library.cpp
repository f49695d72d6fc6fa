#include "hpcai/distributed/exchange/cuda_library.h"

#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <string>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/paths.h"
#include "hpcai/distributed/exchange/cuda_library_path.h"

namespace hpcai::distributed {
namespace {

void* load() {
  std::vector<std::string> tried;
  for (const auto& path : cuda_library_candidates()) {
    if (!path_exists(path)) {
      tried.push_back(path.string());
      continue;
    }
    // The library stays loaded, because LibTorch keeps pointers into it until the process ends.
    if (void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return handle;
    throw Error(ExitCode::usage, fmt::format("a GPU was asked for, but {} cannot be loaded: {}", path.string(), dlerror()),
                "Install LibTorch's CUDA libraries (scripts/setup.sh --cuda), or run on the CPU.");
  }
  throw Error(ExitCode::usage,
              fmt::format("a GPU was asked for, but {} is not there (looked for {})", kCudaLibrary, fmt::join(tried, ", ")),
              "Build with the CUDA toolkit, set HPCAI_CUDA_LIBRARY to the file, or run on the CPU.");
}

}  // namespace

void* cuda_library() {
  static void* const library = load();
  return library;
}

int gpu_count() {
  cuda_library();
  return c10::impl::getDeviceGuardImpl(at::kCUDA)->deviceCount();
}

void* cuda_function(const char* name) {
  if (void* function = dlsym(cuda_library(), name)) return function;
  throw Error(ExitCode::usage, fmt::format("{} has no function {}", kCudaLibrary, name),
              "It belongs to another version of this program: build both together.");
}

}  // namespace hpcai::distributed
