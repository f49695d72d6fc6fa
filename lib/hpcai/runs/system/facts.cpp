#include "hpcai/runs/system/facts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <torch/version.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include "hpcai/core/ask_program.h"
#include "hpcai/core/folder_lock.h"
#include "hpcai/core/instruction_limit.h"
#include "hpcai/core/process.h"
#include "hpcai/core/text.h"
#include "hpcai/core/threads/cgroup.h"
#include "hpcai/distributed/exchange/cuda_library_path.h"
#include "hpcai/runs/environment.h"
#include "hpcai/runs/system/libraries.h"

namespace hpcai::runs {
namespace {

namespace fs = std::filesystem;

constexpr std::array kInstructionSets = {"sse4_2",   "avx",      "f16c",  "fma", "avx2", "avx512f", "avx512_vnni", "avx512_bf16",
                                         "amx_bf16", "amx_tile", "asimd", "sve", "sve2", "bf16",    "i8mm"};

void gather_instruction_sets(SystemFacts& facts) {
  std::string flags = field_of("/proc/cpuinfo", "flags");
  const bool is_x86 = flags != "unknown";
  if (!is_x86) flags = field_of("/proc/cpuinfo", "Features");  // ARM
  const auto words = split(flags, ' ');
  const auto has = [&words](const char* name) { return std::ranges::count(words, name) > 0; };
  std::ranges::copy_if(kInstructionSets, std::back_inserter(facts.instruction_sets), has);
  if (!is_x86) return;
  const bool avx2 = has("avx2") && has("fma");
  const bool avx512 = avx2 && has("avx512f") && has("avx512bw") && has("avx512dq") && has("avx512vl");
  const InstructionLimit limit = instruction_limit();
  const bool to_avx2 = limit == InstructionLimit::avx2 && avx512, to_default = limit == InstructionLimit::sse4 && avx2;
  facts.vectors = avx512 && !to_avx2 && !to_default ? "avx512" : avx2 && !to_default ? "avx2" : "default";
  facts.vectors_are_limited = to_avx2 || to_default;
}

// A line of /proc/meminfo, "MemTotal: 24564372 kB". Returns 0 if it is not there.
double memory_of(const std::string& name) {
  return 1024 * static_cast<double>(parse_number<int64_t>(split(field_of("/proc/meminfo", name), ' ').front()).value_or(0));
}

// Returns the least memory limit between this process's cgroup and the root, below the memory of the machine.
std::optional<double> memory_limit(double machine) {
  std::optional<double> least;
  for (const fs::path& folder : cgroup_folders("memory")) {
    for (const char* file : {"memory.max", "memory.limit_in_bytes"}) {
      const auto bytes = parse_number<int64_t>(first_line_of(folder / file));  // "max": no limit
      if (bytes && *bytes > 0 && static_cast<double>(*bytes) < least.value_or(machine)) least = static_cast<double>(*bytes);
    }
  }
  return least;
}

std::optional<double> size_of_shared_memory() {
  struct statvfs system {};
  if (statvfs("/dev/shm", &system) != 0 || system.f_blocks == 0) return std::nullopt;  // 0: a tmpfs without a limit
  return static_cast<double>(system.f_blocks) * static_cast<double>(system.f_frsize);
}

// Returns the type of the file system that holds a folder: that of the longest mount point above it. See proc_pid_mountinfo(5).
std::string file_system_of(const std::string& folder) {
  std::ifstream file("/proc/self/mountinfo");
  std::string type = "unknown";
  if (folder.empty()) return type;
  size_t longest = 0;
  for (std::string line; std::getline(file, line);) {
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    const std::string point = decoded_mount(std::string(split(line, ' ').at(4)));
    const bool above = point == "/" || folder == point || folder.starts_with(point + "/");
    if (!above || point.size() < longest) continue;
    longest = point.size();
    type = split(std::string_view(line).substr(dash + 3), ' ').front();
  }
  return type;
}

// Tries a lock on the folder, then on a new file, as FolderLock does.
Locks locks_in(const std::string& folder) {
  if (folder.empty()) return Locks::not_known;
  const auto works = [](int descriptor) {
    const int error = try_lock(descriptor);
    close(descriptor);
    return error == 0 || error == EWOULDBLOCK;
  };
  const int opened = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened >= 0 && works(opened)) return Locks::advisory;
  std::string name = folder + "/.hpcai-lock-XXXXXX";
  const int created = mkostemp(name.data(), O_CLOEXEC);
  if (created < 0) return Locks::not_known;
  unlink(name.c_str());
  return works(created) ? Locks::advisory : Locks::none;
}

// Asks a program in PATH for its version, at the start of what it writes. A program that does not end within 5 s tells none.
std::optional<Part> find_program(const std::string& name, const std::string& pattern) {
  const std::string path = find_in_path(name);
  if (path.empty()) return std::nullopt;
  const ProgramAnswer answer = ask_program({"timeout", "-k", "1", "5", path, "--version"});
  const std::string start = answer.text.substr(0, 4096);
  std::smatch part;
  const bool told = answer.status == 0 && std::regex_search(start, part, std::regex(pattern));
  return Part{path, told ? part[1].str() : ""};
}

std::string driver_version() {
  // "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  Tue Sep 23 10:11:16 UTC 2025"
  const std::string line = first_line_of("/proc/driver/nvidia/version");
  std::smatch part;
  return std::regex_search(line, part, std::regex(" (\\d{2,}(\\.\\d+)+) ")) ? part[1].str() : "";
}

std::vector<fs::path> folders_of(const char* variable) {
  const char* const text = std::getenv(variable);
  std::vector<fs::path> folders;
  for (const std::string_view folder : split(text ? text : "", ':')) {
    if (!folder.empty()) folders.emplace_back(folder);
  }
  return folders;
}

void gather_cuda(SystemFacts& facts) {
  const auto own = libtorch_folders(program_path());
  facts.nccl_of_libtorch = find_nccl(own);
  facts.nccl_of_path = find_nccl(folders_of("LD_LIBRARY_PATH"));
  facts.nccl_of_system = find_nccl(
      {"/usr/lib/" + facts.architecture + "-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib", "/usr/local/cuda/lib64"});
  facts.cuda_runtime = find_cuda_runtime(own);
  facts.cuda_toolkit = find_program("nvcc", "release ([0-9.]+)");
  if (!facts.cuda_toolkit) facts.cuda_toolkit = find_program("/usr/local/cuda/bin/nvcc", "release ([0-9.]+)");
  facts.driver = driver_version();
  facts.gpus = gpu_names();
  std::error_code code;
  facts.gpu_part =
      std::ranges::any_of(distributed::cuda_library_candidates(), [&](const fs::path& path) { return fs::exists(path, code); });
}

}  // namespace

SystemFacts gather_system_facts() {
  utsname system{};
  uname(&system);
  std::error_code code;
  SystemFacts facts;
  facts.architecture = system.machine;
  gather_instruction_sets(facts);
  facts.cores = own_core_limits();
  facts.memory_bytes = memory_of("MemTotal");
  facts.available_memory_bytes = memory_of("MemAvailable");
  facts.memory_limit_bytes = memory_limit(facts.memory_bytes);
  facts.shared_memory_bytes = size_of_shared_memory();
  facts.folder = fs::current_path(code).string();
  facts.file_system = file_system_of(facts.folder);
  facts.locks = locks_in(facts.folder);
  facts.glibc = gnu_get_libc_version();
  facts.libtorch = TORCH_VERSION;
  facts.mpi = find_program("mpirun", "([0-9]+\\.[0-9]+(\\.[0-9]+)*)");
  facts.slurm = find_program("sinfo", "([0-9]+\\.[0-9]+(\\.[0-9]+)*)");
  gather_cuda(facts);
  facts.variables = process_environment();
  return facts;
}

}  // namespace hpcai::runs
