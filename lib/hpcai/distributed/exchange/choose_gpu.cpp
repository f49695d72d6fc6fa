#include "hpcai/distributed/exchange/choose_gpu.h"

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/distributed/exchange/cuda/capability.h"
#include "hpcai/distributed/exchange/cuda_library.h"
#include "hpcai/distributed/world/network.h"

namespace hpcai::distributed {
namespace {

void check_capability(int gpu) {
  int least = 0;
  const int capability = reinterpret_cast<GpuCapability>(cuda_function(kGpuCapability))(gpu, least);
  if (capability >= least) return;
  throw LocalError(ExitCode::usage,
                   fmt::format("the GPU of {} has compute capability {:.1f}, but this program has code for {:.1f} and newer",
                               host_name(), 0.1 * capability, 0.1 * least),
                   "Use a newer GPU; or build with a LibTorch (TORCH_DIR) and a CUDA toolkit for this one; or run on the CPU.");
}

}  // namespace

void require_gpu() {
  if (gpu_count() > 0) return;
  throw LocalError(ExitCode::usage, fmt::format("a GPU was asked for, but {} has none that this process may use", host_name()),
                   "Look at nvidia-smi and CUDA_VISIBLE_DEVICES, or run on the CPU.");
}

int choose_gpu(const World& world, const Placement& placement) {
  const int count = gpu_count();
  const bool own_gpu_each = count == 1 && world.launcher != "nproc";
  const int local_rank = world.local_rank.value_or(placement.local_rank);
  if (!own_gpu_each && local_rank >= count) {
    throw LocalError(
        ExitCode::usage,
        fmt::format("{} on {}, which has {}", plural(placement.local_size, "rank"), host_name(), plural(count, "GPU")),
        "Start at most one rank for each GPU.");
  }
  const int gpu = own_gpu_each ? 0 : local_rank;
  check_capability(gpu);
  return gpu;
}

}  // namespace hpcai::distributed
