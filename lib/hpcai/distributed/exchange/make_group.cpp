#include "hpcai/distributed/exchange/make_group.h"

#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/Logging.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/open_files.h"
#include "hpcai/core/text.h"
#include "hpcai/core/threads/start.h"
#include "hpcai/distributed/exchange/backend_group.h"
#include "hpcai/distributed/exchange/choose_gpu.h"
#include "hpcai/distributed/exchange/cuda/nccl_backend.h"
#include "hpcai/distributed/exchange/cuda_library.h"
#include "hpcai/distributed/exchange/gloo_backend.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/distributed/world/reunion.h"

namespace hpcai::distributed {
namespace {

std::chrono::milliseconds milliseconds_of(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(std::ceil(seconds * 1e3)));
}

// The limit for exchanges in the backend. The watchdog normally ends a hanging run earlier, with the reason.
std::chrono::milliseconds exchange_limit(const DistributedConfig& config) {
  return milliseconds_of(std::max(1800.0, 10 * std::max(config.timeout_s, config.connect_timeout_s)));
}

// Throws an Error for LibTorch's message about a failed connection, if its cause is clear.
void refuse_known_causes(const std::string& text) {
  if (text.find("Duplicate GPU") != std::string::npos) {
    throw Error(ExitCode::usage, fmt::format("several ranks would use the same GPU: {}", printable(first_line(text))),
                "Start one rank for each GPU, and let the launcher give each its own (Slurm: --gpus-per-task=1).");
  }
  if (text == std::strerror(EAGAIN)) throw process_limit("cannot start the threads that exchange data with other ranks");
}

[[noreturn]] void refuse_connection(const std::string& text) {
  throw Error(ExitCode::peers_unreachable,
              fmt::format("the ranks met, but could not connect to each other: {}", printable(first_line(text))),
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

// LibTorch prints a stack trace for each connection that ends. This program's own messages tell the user what to know.
void quieten_libtorch() {
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = c10::GLOG_ERROR;
}

// Gloo writes to connections whose other end may have ended. The write must return an error, from which this rank reports the
// lost rank; the default signal SIGPIPE would kill this process.
void survive_broken_connections() { std::signal(SIGPIPE, SIG_IGN); }

BackendPointer make_nccl_backend(const BackendRequest& request) {
  BackendPointer backend;
  reinterpret_cast<MakeNcclBackend>(cuda_function(kMakeNcclBackend))(request, backend);
  return backend;
}

// NCCL needs a store even for one rank. This process then serves it to itself.
World with_meeting_place(World world) {
  if (world.master_host.empty()) {
    world.master_host = "127.0.0.1";
    world.job = fmt::format("process {}", getpid());
  }
  return world;
}

at::Device use_gpu_of_rank(const World& world, const Placement& placement) {
  const at::Device device(at::kCUDA, static_cast<c10::DeviceIndex>(choose_gpu(world, placement)));
  c10::impl::getDeviceGuardImpl(at::kCUDA)->setDevice(device);
  return device;
}

// The files and sockets that a rank has open while it connects to the others: up to three connections to each other rank, on rank
// 0 one more, and some of the libraries.
size_t files_for(int ranks) { return 4 * static_cast<size_t>(ranks) + 24; }

WatchLimits limits_of(const World& world, const DistributedConfig& config) {
  WatchLimits limits = WatchLimits::from(config, world.size);
  // A rank that can go on after a loss first ends its computation, which may take long.
  if (Reunion(world).possible()) limits.grace = limits.silence;
  return limits;
}

std::unique_ptr<Group> connect_all(const World& world, const DistributedConfig& config, bool use_gpu) {
  require_open_files(files_for(world.size), fmt::format("cannot connect {} ranks", world.size));
  auto membership = std::make_shared<Membership>(meet(world, config, use_gpu), limits_of(world, config), world.rank);
  const Meeting& meeting = membership->meeting();
  const Placement placement = place_ranks(meeting.peers)[static_cast<size_t>(world.rank)];
  const at::Device device = use_gpu ? use_gpu_of_rank(world, placement) : at::Device(at::kCPU);
  const BackendRequest request{.store = meeting.store,
                               .rank = world.rank,
                               .size = world.size,
                               .interface = config.interface,
                               .address = meeting.address,
                               .device_index = use_gpu ? device.index() : 0,
                               .connect_timeout = milliseconds_of(config.connect_timeout_s),
                               .timeout = exchange_limit(config)};
  const BackendSettings settings{
      .request = request, .make = use_gpu ? make_nccl_backend : make_gloo_backend, .can_average = use_gpu, .device = device};
  std::vector<int> all_ranks(static_cast<size_t>(world.size));
  std::iota(all_ranks.begin(), all_ranks.end(), 0);
  try {
    return BackendGroup::connect(membership, settings, all_ranks, "all");
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    refuse_known_causes(error.what());
    if (Reunion(world).possible()) membership->report_loss("connecting", error);
    refuse_connection(error.what());
  }
}

}  // namespace

std::unique_ptr<Group> make_group(const World& world, const DistributedConfig& config, bool use_gpu) {
  check_backend(config.backend, world, use_gpu);
  if (!world.hint.empty()) log::warning("{}", world.hint);
  if (use_gpu) require_gpu();
  if (world.size == 1 && config.backend != Backend::nccl) {
    return make_watched_single_group(use_gpu ? use_gpu_of_rank(world, {}) : at::Device(at::kCPU), WatchLimits::from(config, 1));
  }
  quieten_libtorch();
  survive_broken_connections();
  return connect_all(with_meeting_place(world), config, use_gpu);
}

}  // namespace hpcai::distributed
