#include "hpcai/runs/system/findings.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <utility>

#include "hpcai/core/text.h"

namespace hpcai::runs {
namespace {

// NCCL keeps the buffers of the GPUs of one host there. scripts/kubernetes asks for as much.
constexpr double kSharedMemory = 1 << 30;

// The oldest driver of each CUDA runtime, from NVIDIA's notes on minor version compatibility.
constexpr std::array<std::pair<const char*, const char*>, 3> kLeastDrivers = {{{"13", "580"}, {"12", "525"}, {"11", "450"}}};

std::string major_of(const std::string& version) { return version.substr(0, version.find('.')); }

std::string text_of(const SystemFacts& facts, const char* variable) {
  const auto found = facts.variables.find(variable);
  return found == facts.variables.end() ? "" : std::string(trim(found->second));
}

std::optional<int> number_of(const SystemFacts& facts, const char* variable) {
  return parse_number<int>(trim(split(text_of(facts, variable), ',').front()));
}

void judge_driver(const SystemFacts& facts, std::vector<Finding>& findings) {
  if (facts.driver.empty() || !facts.cuda_runtime) return;
  const std::string& runtime = facts.cuda_runtime->version;
  const auto* const least = std::ranges::find(kLeastDrivers, major_of(runtime), [](const auto& pair) { return pair.first; });
  if (least == kLeastDrivers.end() || !is_older(facts.driver, least->second)) return;
  findings.push_back({"driver",
                      fmt::format("the NVIDIA driver {} is older than LibTorch's CUDA {} needs, which is {}: GPUs cannot be used",
                                  facts.driver, runtime, least->second),
                      fmt::format("Install driver {} or newer, use a node that has it, or run on the CPU.", least->second)});
}

void judge_toolkit(const SystemFacts& facts, std::vector<Finding>& findings) {
  if (!facts.cuda_toolkit || !facts.cuda_runtime || facts.cuda_toolkit->version.empty()) return;
  if (major_of(facts.cuda_toolkit->version) == major_of(facts.cuda_runtime->version)) return;
  findings.push_back(
      {"toolkit",
       fmt::format("the CUDA toolkit {} ({}) and LibTorch's CUDA {} differ: a part for GPUs that is built here fails",
                   facts.cuda_toolkit->version, facts.cuda_toolkit->path, facts.cuda_runtime->version),
       fmt::format("Put the nvcc of a toolkit {} first in PATH before building. Running needs no toolkit.",
                   major_of(facts.cuda_runtime->version))});
}

void judge_gpu_part(const SystemFacts& facts, std::vector<Finding>& findings) {
  if (facts.gpus.empty() || facts.gpu_part) return;
  findings.push_back({"gpu_part",
                      fmt::format("there {} {}, but libhpcai_cuda.so is not there: the program uses the CPU only",
                                  facts.gpus.size() == 1 ? "is" : "are", plural(static_cast<int64_t>(facts.gpus.size()), "GPU")),
                      "Run scripts/setup.sh --cuda and scripts/install.sh --cuda on a machine with the CUDA toolkit, or set "
                      "HPCAI_CUDA_LIBRARY to the file."});
}

void judge_nccl(const SystemFacts& facts, std::vector<Finding>& findings) {
  if (!facts.nccl_of_libtorch || !facts.nccl_of_path) return;
  const Part& own = *facts.nccl_of_libtorch;
  const Part& other = *facts.nccl_of_path;
  if (own.version.empty() || other.version.empty() || own.version == other.version) return;
  findings.push_back({"nccl",
                      fmt::format("LD_LIBRARY_PATH leads to NCCL {} ({}), but LibTorch brings {}: ranks that load different "
                                  "versions cannot exchange gradients",
                                  other.version, other.path, own.version),
                      "Take its folder out of LD_LIBRARY_PATH on all nodes (module unload), so that all ranks load LibTorch's."});
}

void judge_processor(const SystemFacts& facts, std::vector<Finding>& findings) {
  if (facts.architecture != "x86_64" || facts.instruction_sets.empty()) return;
  if (std::ranges::count(facts.instruction_sets, "avx2") > 0 && std::ranges::count(facts.instruction_sets, "fma") > 0) return;
  findings.push_back({"instruction_sets",
                      "the processor has no AVX2 and FMA: LibTorch and the program's kernels compute several times slower",
                      "Use another node. A virtual machine gets them with the processor type of its host (QEMU: -cpu host)."});
}

void judge_shared_memory(const SystemFacts& facts, std::vector<Finding>& findings) {
  if (facts.gpus.size() < 2 || !facts.shared_memory_bytes || *facts.shared_memory_bytes >= kSharedMemory) return;
  findings.push_back(
      {"shared_memory",
       fmt::format("/dev/shm has {:.0f} MB: NCCL keeps the buffers of the {} GPUs of this host there, and fails or "
                   "uses slower sockets without room",
                   *facts.shared_memory_bytes / 1e6, facts.gpus.size()),
       "Start the container with --ipc=host or --shm-size=1g; in Kubernetes mount an emptyDir with medium: Memory."});
}

void judge_thread_counts(const SystemFacts& facts, std::vector<Finding>& findings) {
  const auto add = [&](std::string problem, std::string remedy) {
    findings.push_back({"openmp", std::move(problem), std::move(remedy)});
  };
  const std::string text = text_of(facts, "OMP_NUM_THREADS");
  if (text.empty()) return;
  const auto threads = number_of(facts, "OMP_NUM_THREADS");
  if (threads.value_or(0) <= 0) {
    return add(fmt::format("OMP_NUM_THREADS is \"{}\", which is no number of threads: it is ignored", printable(text)),
               "Set it to a number above 0, or unset it.");
  }
  if (*threads > facts.cores.usable()) {
    add(fmt::format("OMP_NUM_THREADS asks for {}, but this process may use {}: threads wait for each other",
                    plural(*threads, "thread"), plural(facts.cores.usable(), "core")),
        "Unset OMP_NUM_THREADS: each rank then takes its share of the cores. Or ask for more cores (Slurm: --cpus-per-task).");
  }
  if (const auto limit = number_of(facts, "OMP_THREAD_LIMIT"); limit && *limit > 0 && *limit < *threads) {
    add(fmt::format("OMP_THREAD_LIMIT={} is less than OMP_NUM_THREADS={}", *limit, *threads), "Unset OMP_THREAD_LIMIT.");
  }
  if (const auto mkl = number_of(facts, "MKL_NUM_THREADS"); mkl && *mkl != *threads) {
    add(fmt::format("MKL_NUM_THREADS={} contradicts OMP_NUM_THREADS={}", *mkl, *threads), "Unset MKL_NUM_THREADS.");
  }
}

void judge_binding(const SystemFacts& facts, std::vector<Finding>& findings) {
  const bool unbound = strcasecmp(text_of(facts, "OMP_PROC_BIND").c_str(), "false") == 0;
  for (const char* places : {"OMP_PLACES", "GOMP_CPU_AFFINITY"}) {
    if (!unbound || text_of(facts, places).empty()) continue;
    findings.push_back({"openmp", fmt::format("OMP_PROC_BIND=false contradicts {}, which names places for threads", places),
                        fmt::format("Unset {}: the launcher (srun, mpirun) binds each rank to its cores.", places)});
  }
  const bool passive = strcasecmp(text_of(facts, "OMP_WAIT_POLICY").c_str(), "passive") == 0;
  const std::string spins = text_of(facts, "GOMP_SPINCOUNT");
  if (passive && !spins.empty() && spins != "0") {
    findings.push_back({"openmp",
                        fmt::format("OMP_WAIT_POLICY=passive contradicts GOMP_SPINCOUNT={}, which wins", printable(spins)),
                        "Unset one of them."});
  }
}

void judge_locks(const SystemFacts& facts, std::vector<Finding>& findings) {
  if (facts.locks != Locks::none) return;
  findings.push_back({"locks",
                      fmt::format("{} has no locks ({}): run folders are protected by lock files instead, and after a crash on "
                                  "another host the next run waits 30 s",
                                  printable(facts.folder), facts.file_system),
                      "Mount it with locks (Lustre: -o flock), or keep run folders on another file system (--run-dir)."});
}

}  // namespace

bool is_older(const std::string& a, const std::string& b) {
  const auto numbers = [](const std::string& version) {
    std::vector<int> list;
    for (std::string_view part : split(version, '.')) list.push_back(take_number<int>(part).value_or(0));
    return list;
  };
  return numbers(a) < numbers(b);
}

std::vector<Finding> find_misfits(const SystemFacts& facts) {
  std::vector<Finding> findings;
  for (const auto judge : {judge_driver, judge_gpu_part, judge_toolkit, judge_nccl, judge_shared_memory, judge_processor,
                           judge_thread_counts, judge_binding, judge_locks}) {
    judge(facts, findings);
  }
  return findings;
}

}  // namespace hpcai::runs
