#include "hpcai/runs/system/libraries.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <cstdlib>

#include "hpcai/core/text.h"

namespace hpcai::runs {
namespace {

namespace fs = std::filesystem;

// Calls a function `int name(int*)` of a library, which is how NCCL and CUDA tell their versions. Returns 0 if that fails.
int ask_library(const fs::path& library, const char* name) {
  void* const handle = dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (!handle) return 0;
  int version = 0;
  const auto function = reinterpret_cast<int (*)(int*)>(dlsym(handle, name));
  if (!function || function(&version) != 0) version = 0;
  return version;  // the library stays loaded: it may have threads
}

// Returns the first of these files.
std::optional<fs::path> first_of(const std::vector<fs::path>& folders, const std::vector<std::string>& names) {
  std::error_code code;
  for (const fs::path& folder : folders) {
    for (const std::string& name : names) {
      if (fs::is_regular_file(folder / name, code)) return folder / name;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string nccl_version_text(int version) {
  const int unit = version < 10000 ? 1000 : 10000;
  return version > 0 ? fmt::format("{}.{}.{}", version / unit, version % unit / 100, version % 100) : "";
}

std::string cuda_version_text(int version) {
  return version > 0 ? fmt::format("{}.{}", version / 1000, version % 1000 / 10) : "";
}

std::vector<fs::path> libtorch_folders(const fs::path& program) {
  const fs::path top = program.parent_path().parent_path();
  const std::string version(split(TORCH_VERSION, '+').front());
  std::vector<fs::path> torches = {top.parent_path() / ".deps" / ("torch-" + version) / "torch"};
  if (const char* chosen = std::getenv("TORCH_DIR"); chosen && *chosen) torches.insert(torches.begin(), chosen);
  std::vector<fs::path> folders = {top / "lib" / "hpcai-train"};
  for (const fs::path& torch : torches) {
    // The wheels of pip put NVIDIA's libraries beside LibTorch.
    for (const char* part : {"lib", "../nvidia/cu13/lib", "../nvidia/nccl/lib"})
      folders.push_back((torch / part).lexically_normal());
  }
  return folders;
}

std::optional<Part> find_nccl(const std::vector<fs::path>& folders) {
  const auto path = first_of(folders, {"libnccl.so.2"});
  if (!path) return std::nullopt;
  return Part{path->string(), nccl_version_text(ask_library(*path, "ncclGetVersion"))};
}

std::optional<Part> find_cuda_runtime(const std::vector<fs::path>& folders) {
  const auto path = first_of(folders, {"libcudart.so.14", "libcudart.so.13", "libcudart.so.12", "libcudart.so.11.0"});
  if (!path) return std::nullopt;
  return Part{path->string(), cuda_version_text(ask_library(*path, "cudaRuntimeGetVersion"))};
}

}  // namespace hpcai::runs
