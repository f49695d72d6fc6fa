#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/Logging.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/distributed/exchange/backend_group.h"
#include "hpcai/distributed/exchange/cuda_library.h"
#include "hpcai/distributed/world/network.h"

namespace hpcai::distributed {
namespace {

std::chrono::milliseconds milliseconds_of(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(std::ceil(seconds * 1e3)));
}

// The watchdog ends a run whose exchanges do not end, and knows why; this limit is for what it does not know.
std::chrono::milliseconds exchange_limit(const DistributedConfig& config) {
  return milliseconds_of(std::max(1800.0, 10 * std::max(config.timeout_s, config.connect_timeout_s)));
}

// Launchers may show each rank its own GPU only, or all GPUs of the host to each.
int choose_gpu(const World& world) {
  const int count = gpu_count();
  if (count == 0) {
    throw LocalError(ExitCode::usage, fmt::format("a GPU was asked for, but {} has none that this process may use", host_name()),
                     "Look at nvidia-smi and CUDA_VISIBLE_DEVICES, or run on the CPU.");
  }
  const bool own_gpu_each = count == 1 && world.launcher != "nproc";
  if (!own_gpu_each && world.local_rank >= count) {
    throw LocalError(ExitCode::usage,
                     fmt::format("{} ranks on {}, which has {}", world.local_size, host_name(), plural(count, "GPU")),
                     "Start at most one rank for each GPU.");
  }
  const int gpu = own_gpu_each ? 0 : world.local_rank;
  int least = 0;
  const int capability = reinterpret_cast<GpuCapability>(cuda_function(kGpuCapability))(gpu, least);
  if (capability < least) {
    throw LocalError(ExitCode::usage,
                     fmt::format("the GPU of {} has compute capability {:.1f}, but this program has code for {:.1f} and newer",
                                 host_name(), 0.1 * capability, 0.1 * least),
                     "Use a newer GPU; or build with a LibTorch (TORCH_DIR) and a CUDA toolkit for this one; or run on the CPU.");
  }
  return gpu;
}

// What LibTorch says when the backend cannot be made, for the user.
[[noreturn]] void refuse_connection(const std::string& text) {
  const std::string_view line = first_line(text);
  if (text.find("Duplicate GPU") != std::string::npos) {
    throw Error(ExitCode::usage, fmt::format("several ranks would use the same GPU: {}", line),
                "Start one rank for each GPU, and let the launcher give each its own (Slurm: --gpus-per-task=1).");
  }
  throw Error(ExitCode::peers_unreachable, fmt::format("the ranks met, but could not connect to each other: {}", line),
              "Set distributed.interface to a network that joins all hosts, and check their firewalls.");
}

void check_backend(Backend backend, const World& world, bool use_gpu) {
  if (backend == Backend::nccl && !use_gpu) {
    throw Error(ExitCode::usage, "distributed.backend: nccl moves tensors between GPUs, but this run is on the CPU",
                "Use backend: auto, or run on GPUs.");
  }
  if (backend == Backend::gloo && use_gpu && world.size > 1) {
    throw Error(ExitCode::usage, "distributed.backend: gloo moves tensors between CPUs, but this run is on GPUs",
                "Use backend: auto.");
  }
}

// LibTorch would show a stack trace for each connection that ends; what the user needs to know stands in our own messages.
void quieten_libtorch() {
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = c10::GLOG_ERROR;
}

// Gloo writes to connections whose other end may just have died. That must come back as an error, which names the lost rank, and
// not as a signal that kills this one.
void survive_broken_connections() { std::signal(SIGPIPE, SIG_IGN); }

BackendPointer make_nccl_backend(const BackendRequest& request) {
  BackendPointer backend;
  reinterpret_cast<MakeNcclBackend>(cuda_function(kMakeNcclBackend))(request, backend);
  return backend;
}

// NCCL wants a store even for one rank: this process serves it to itself.
World with_meeting_place(World world) {
  if (world.master_host.empty()) {
    world.master_host = "127.0.0.1";
    world.job = fmt::format("process {}", getpid());
  }
  return world;
}

}  // namespace

std::unique_ptr<Group> Group::create(const World& given, const DistributedConfig& config, bool use_gpu) {
  check_backend(config.backend, given, use_gpu);
  if (!given.hint.empty()) log::warning("{}", given.hint);
  const int gpu = use_gpu ? choose_gpu(given) : 0;
  const at::Device device = use_gpu ? at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(gpu)) : at::Device(at::kCPU);
  if (use_gpu) c10::impl::getDeviceGuardImpl(at::kCUDA)->setDevice(device);
  if (given.size == 1 && config.backend != Backend::nccl) return make_single_group(device);

  quieten_libtorch();
  survive_broken_connections();
  const World world = with_meeting_place(given);
  Meeting meeting = meet(world, config, use_gpu);
  const std::string address = meeting.address;
  auto group = std::make_unique<BackendGroup>(std::move(meeting), WatchLimits::from(config, world.size), world.rank, device);
  const BackendRequest request{.store = group->store(),
                               .rank = world.rank,
                               .size = world.size,
                               .interface = config.interface,
                               .address = address,
                               .device_index = gpu,
                               .connect_timeout = milliseconds_of(config.connect_timeout_s),
                               .timeout = exchange_limit(config)};
  try {
    const InPhase connecting(group->status(), Phase::connect);
    group->use(use_gpu ? make_nccl_backend(request) : make_gloo_backend(request), use_gpu);
    group->barrier();  // until all are connected
    if (!use_gpu && world.one_host()) group->share_memory(/*own_core=*/cores_of_rank(world) >= 1);
    return group;
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    refuse_connection(error.what());
  }
}

}  // namespace hpcai::distributed
