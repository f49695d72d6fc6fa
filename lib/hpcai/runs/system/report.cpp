#include "hpcai/runs/system/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hpcai/core/text.h"

namespace hpcai::runs {
namespace {

nlohmann::json json_of(const std::optional<Part>& part) {
  if (!part) return nullptr;
  return {{"path", printable(part->path)}, {"version", part->version.empty() ? nlohmann::json() : nlohmann::json(part->version)}};
}

nlohmann::json json_of(const std::optional<double>& number) { return number ? nlohmann::json(*number) : nlohmann::json(); }

std::string text_of(const std::optional<Part>& part) {
  if (!part) return "not found";
  return fmt::format("{} ({})", part->version.empty() ? "unknown version" : part->version, printable(part->path));
}

std::string gigabytes(double bytes) { return bytes > 0 ? fmt::format("{:.3g} GB", bytes / 1e9) : "unknown"; }

nlohmann::json known(double bytes) { return bytes > 0 ? nlohmann::json(bytes) : nlohmann::json(); }

const char* text_of(Locks locks) {
  if (locks == Locks::not_known) return "whether it has locks is not known";
  return locks == Locks::advisory ? "with locks" : "without locks";
}

std::string cores_text(const CoreLimits& cores) {
  std::string text = fmt::format("{} online, {} in the affinity mask", cores.machine, cores.mask);
  if (cores.quota) text += fmt::format(", {:.3g} by the quota of {}", cores.quota->cores, cores.quota->file);
  return text;
}

std::string memory_text(const SystemFacts& facts) {
  std::string text = fmt::format("{}, {} available", gigabytes(facts.memory_bytes), gigabytes(facts.available_memory_bytes));
  if (facts.memory_limit_bytes) text += fmt::format(", {} by the limit of the cgroup", gigabytes(*facts.memory_limit_bytes));
  if (facts.shared_memory_bytes) text += fmt::format(", {} in /dev/shm", gigabytes(*facts.shared_memory_bytes));
  return text;
}

}  // namespace

nlohmann::json to_json(const SystemFacts& facts, const std::vector<Finding>& findings) {
  nlohmann::json list = nlohmann::json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"about", finding.about}, {"problem", finding.problem}, {"remedy", finding.remedy}});
  }
  const auto& quota = facts.cores.quota;
  return {{"architecture", facts.architecture},
          {"instruction_sets", facts.instruction_sets},
          {"instruction_set_in_use", facts.vectors.empty() ? nlohmann::json() : nlohmann::json(facts.vectors)},
          {"cores",
           {{"machine", facts.cores.machine},
            {"affinity_mask", facts.cores.mask},
            {"cgroup_quota", quota ? nlohmann::json(quota->cores) : nlohmann::json()}}},
          {"memory_bytes", known(facts.memory_bytes)},
          {"available_memory_bytes", known(facts.available_memory_bytes)},
          {"memory_limit_bytes", json_of(facts.memory_limit_bytes)},
          {"shared_memory_bytes", json_of(facts.shared_memory_bytes)},
          {"folder", printable(facts.folder)},
          {"file_system", facts.file_system},
          {"locks", facts.locks == Locks::not_known ? nlohmann::json() : nlohmann::json(facts.locks == Locks::advisory)},
          {"glibc", facts.glibc},
          {"libtorch", facts.libtorch},
          {"mpirun", json_of(facts.mpi)},
          {"slurm", json_of(facts.slurm)},
          {"nccl",
           {{"libtorch", json_of(facts.nccl_of_libtorch)},
            {"ld_library_path", json_of(facts.nccl_of_path)},
            {"system", json_of(facts.nccl_of_system)}}},
          {"cuda_driver", facts.driver.empty() ? nlohmann::json() : nlohmann::json(facts.driver)},
          {"cuda_runtime", json_of(facts.cuda_runtime)},
          {"cuda_toolkit", json_of(facts.cuda_toolkit)},
          {"gpu_part", facts.gpu_part},
          {"gpus", facts.gpus},
          {"findings", std::move(list)}};
}

std::string to_text(const SystemFacts& facts, const std::vector<Finding>& findings) {
  std::string text;
  const auto line = [&text](const char* name, const std::string& value) { text += fmt::format("{:<18}{}\n", name, value); };
  line("processor", fmt::format("{}: {}", facts.architecture, fmt::join(facts.instruction_sets, " ")));
  if (!facts.vectors.empty()) {
    line("computes with", facts.vectors + (facts.vectors_are_limited ? ", because of ATEN_CPU_CAPABILITY" : ""));
  }
  line("cores", cores_text(facts.cores));
  line("memory", memory_text(facts));
  line("this folder", fmt::format("{}, {}, {}", printable(facts.folder), facts.file_system, text_of(facts.locks)));
  line("glibc", facts.glibc);
  line("LibTorch", facts.libtorch);
  line("mpirun", text_of(facts.mpi));
  line("Slurm", text_of(facts.slurm));
  line("GPUs", facts.gpus.empty() ? "none" : fmt::format("{}", fmt::join(facts.gpus, ", ")));
  line("NVIDIA driver", facts.driver.empty() ? "not found" : facts.driver);
  line("CUDA runtime", text_of(facts.cuda_runtime));
  line("CUDA toolkit", text_of(facts.cuda_toolkit));
  line("NCCL", fmt::format("LibTorch's {}; LD_LIBRARY_PATH's {}; the system's {}", text_of(facts.nccl_of_libtorch),
                           text_of(facts.nccl_of_path), text_of(facts.nccl_of_system)));
  line("part for GPUs", facts.gpu_part ? "found" : "not found");
  text += '\n';
  if (findings.empty()) return text + "Everything fits together.\n";
  text += "What does not fit:\n";
  for (const Finding& finding : findings) text += fmt::format("- {}\n  {}\n", finding.problem, finding.remedy);
  return text;
}

}  // namespace hpcai::runs
