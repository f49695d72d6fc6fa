// Apart from environment.cpp, which needs no LibTorch and is part of the executable that starts quickly.
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/version.h>

#include "hpcai/core/commit.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/version.h"
#include "hpcai/kernels/simd/instruction_set.h"
#include "hpcai/kernels/tile_products/cpu/tile_products.h"
#include "hpcai/runs/environment.h"

namespace hpcai::runs {

std::string describe_build() {
  return fmt::format("hpcai-train {} of commit {} (executable {:.12}), LibTorch {} ({:.12})", kVersion, kCommit,
                     sha256_of_file("/proc/self/exe"), TORCH_VERSION, sha256(at::show_config()));
}

nlohmann::json describe_run_environment() {
  nlohmann::json environment = describe_environment();
  environment["executable_sha256"] = sha256_of_file("/proc/self/exe");
  environment["instruction_sets"] = {{"kernels", kernels::instruction_set()},
                                     {"tiles", kernels::has_tiles() ? "AMX" : "none"},
                                     {"libtorch", at::get_cpu_capability()}};
  return environment;
}

}  // namespace hpcai::runs
