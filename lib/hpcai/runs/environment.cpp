#include "hpcai/runs/environment.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <torch/version.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <vector>

#include "hpcai/core/commit.h"
#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/process.h"
#include "hpcai/core/text.h"
#include "hpcai/core/threads/cores.h"
#include "hpcai/core/threads/openmp.h"
#include "hpcai/core/utc_time.h"
#include "hpcai/core/version.h"
#include "hpcai/distributed/world/cores.h"
#include "hpcai/distributed/world/world.h"

namespace hpcai::runs {
namespace {

constexpr std::array kPrefixes = {
    "SLURM_", "OMP_",  "GOMP_", "KMP_",     "MKL_",  "ATEN_",   "ONEDNN_", "DNNL_", "OMPI_COMM_WORLD_", "PMI_",       "PMIX_RANK",
    "NCCL_",  "GLOO_", "TORCH", "PYTORCH_", "CUDA_", "NVIDIA_", "HPCAI_",  "RANK",  "LOCAL_RANK",       "WORLD_SIZE", "MASTER_"};
constexpr std::array kSecretParts = {"KEY", "TOKEN", "SECRET", "PASS", "JWT", "CREDENTIAL", "AUTH", "HPCAI_JOB"};

std::string operating_system() {
  std::ifstream in("/etc/os-release");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("PRETTY_NAME=\"")) return line.substr(13, line.size() - 14);
  }
  return "unknown";
}

// Returns the placement from the launcher's numbers, or that of a single rank.
distributed::Placement placement_or_alone() {
  try {
    const distributed::World world = distributed::detect_world(process_environment());
    const int ranks = world.local_size.value_or(1);
    return {.local_size = ranks, .core_sharers = distributed::has_bound_cores(world) ? 1 : ranks};
  } catch (const Error&) {  // contradictory variables, which a run refuses
    return {};
  }
}

// Returns the number of threads of a rank on this host without training.threads, and the reason.
nlohmann::json describe_threads() {
  const CoreLimits& limits = own_core_limits();
  const ThreadChoice choice = distributed::choose_threads(0, placement_or_alone());
  nlohmann::json report = {{"machine_cores", limits.machine}, {"affinity_mask_cores", limits.mask},
                           {"cgroup_quota_cores", nullptr},   {"default", choice.threads},
                           {"because", choice.why},           {"waiting", describe_waiting()}};
  if (limits.quota) report["cgroup_quota_cores"] = limits.quota->cores;
  return report;
}

}  // namespace

std::string field_of(const std::filesystem::path& file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const size_t colon = line.find(':');
    if (!line.starts_with(name) || colon == std::string::npos) continue;
    const size_t value = line.find_first_not_of(" \t", colon + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "unknown";
}

std::vector<std::string> gpu_names() {
  std::vector<std::string> names;
  std::error_code code;
  for (const auto& gpu : std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", code)) {
    names.push_back(field_of(gpu.path() / "information", "Model"));
  }
  return names;
}

std::map<std::string, std::string> run_variables(const std::map<std::string, std::string>& variables) {
  std::map<std::string, std::string> kept;
  for (const auto& [name, value] : variables) {
    if (std::none_of(kPrefixes.begin(), kPrefixes.end(), [&](const char* prefix) { return name.starts_with(prefix); })) continue;
    const bool secret = std::any_of(kSecretParts.begin(), kSecretParts.end(),
                                    [&](const char* part) { return name.find(part) != std::string::npos; });
    kept[name] = secret ? "<withheld>" : printable(value, value.size());
  }
  return kept;
}

nlohmann::json describe_environment() {
  utsname system{};
  uname(&system);
  return {{"program_version", kVersion},
          {"commit", kCommit},
          {"torch_version", TORCH_VERSION},
          {"compiler", __VERSION__},
          {"host", system.nodename},
          {"operating_system", operating_system()},
          {"kernel", fmt::format("{} {}", system.sysname, system.release)},
          {"cpu", field_of("/proc/cpuinfo", "model name")},
          {"cores", available_cores()},
          {"threads", describe_threads()},
          {"memory_gib", static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE)) / (1 << 30)},
          {"gpus", gpu_names()},
          {"started", utc_text(std::time(nullptr))},
          {"variables", run_variables(process_environment())}};
}

}  // namespace hpcai::runs
