#include "hpcai/distributed/world/world.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/distributed/world/host_list.h"

namespace hpcai::distributed {
namespace {

// Below Linux's range of ephemeral ports (32768 and up), so that no client socket sits on a derived port.
constexpr int kFirstDerivedPort = 15000;
constexpr int kDerivedPorts = 16000;
constexpr int kSparePorts = 15;
constexpr int kPlainPort = 29400;  // where nothing tells two jobs of a host apart
// Slurm's numbers for "steps" that are no srun step: batch script, interactive and external step (slurm.h).
constexpr int64_t kFirstSpecialStep = 0xfffffff0;

// Typed access to the variables; an empty variable counts as absent.
class Variables {
 public:
  explicit Variables(const Environment& environment) : environment_(environment) {}

  std::string text(const std::string& name) const {
    const auto found = environment_.find(name);
    return found == environment_.end() ? "" : found->second;
  }
  bool has(const std::string& name) const { return !text(name).empty(); }

  std::optional<int64_t> maybe(const std::string& name) const {
    const std::string value = text(name);
    if (value.empty()) return std::nullopt;
    const auto number = parse_number<uint32_t>(value);
    if (!number) {
      throw Error(ExitCode::usage, fmt::format("environment: {}=\"{}\" is not a number", name, printable(value, 60)));
    }
    return *number;
  }
  std::optional<int64_t> first_of(std::initializer_list<const char*> names) const {
    for (const char* name : names) {
      if (auto number = maybe(name)) return number;
    }
    return std::nullopt;
  }
  std::string first_text(std::initializer_list<const char*> names) const {
    for (const char* name : names) {
      if (has(name)) return text(name);
    }
    return "";
  }

 private:
  const Environment& environment_;
};

// Rank and size as one launcher states them, and the names of its variables for messages.
struct Claim {
  std::string rank_name, size_name;
  int rank, size;
  std::string words() const { return fmt::format("{}={} {}={}", rank_name, rank, size_name, size); }
};

// Nothing if both variables are absent. Throws Error{usage} if one is missing or the rank does not fit.
std::optional<Claim> read_claim(const Variables& variables, const std::string& rank_name, const std::string& size_name) {
  const auto rank = variables.maybe(rank_name), size = variables.maybe(size_name);
  if (!rank && !size) return std::nullopt;
  if (!rank || !size) {
    const auto& there = rank ? rank_name : size_name;
    const auto& missing = rank ? size_name : rank_name;
    throw Error(ExitCode::usage, fmt::format("environment: {} is set, but {} is not", there, missing),
                fmt::format("Set both, or unset {} for a run of one rank.", there));
  }
  Claim claim{rank_name, size_name, static_cast<int>(*rank), static_cast<int>(*size)};
  if (*size < 1 || *rank >= *size) {
    throw Error(ExitCode::usage, fmt::format("environment: {} is impossible: ranks count from 0 to size - 1", claim.words()));
  }
  return claim;
}

[[noreturn]] void refuse_pair(const Claim& a, const Claim& b) {
  throw Error(ExitCode::usage, fmt::format("environment: {} contradicts {}", a.words(), b.words()),
              fmt::format("Unset {} and {} if they are left over from another launcher.", a.rank_name, a.size_name));
}

void check_local(const World& world, const std::string& names) {
  if (world.local_size < 1 || world.local_rank >= world.local_size || world.local_size > world.size) {
    throw Error(ExitCode::usage, fmt::format("environment: {} say rank {} of {} on this host, in a world of {}", names,
                                             world.local_rank, world.local_size, world.size));
  }
}

// Launchers that do not tell how many ranks a host has: all of them where the ranks meet on the loopback.
int guess_local_size(const World& world) {
  const bool local = world.master_host == "localhost" || world.master_host.starts_with("127.");
  return local ? world.size : world.local_rank + 1;
}

// The same on all ranks of a job, different for most jobs (FNV-1a).
int derived_port(std::string_view job) {
  if (job.empty()) return kPlainPort;
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char c : job) hash = (hash ^ c) * 0x100000001b3;
  return kFirstDerivedPort + static_cast<int>(hash % kDerivedPorts);
}

// Sets where the ranks meet; a port that nobody chose may be taken, so it has spare ones.
void choose_port(World& world, const Variables& variables, int port) {
  const auto given = variables.maybe("MASTER_PORT");
  if (port == 0 && given && (*given < 1 || *given > 65535)) {
    throw Error(ExitCode::usage, fmt::format("environment: MASTER_PORT={} is not a port (1 to 65535)", *given));
  }
  const bool derived = port == 0 && !given;
  world.master_port = derived ? derived_port(world.job) : port != 0 ? port : static_cast<int>(*given);
  world.spare_ports = derived ? kSparePorts : 0;
}

World from_nproc(const Variables& variables, const Claim& claim) {
  World world{.rank = claim.rank, .size = claim.size, .local_rank = claim.rank, .local_size = claim.size, .launcher = "nproc"};
  world.master_host = "127.0.0.1";
  world.master_port = static_cast<int>(variables.maybe("HPCAI_MASTER_PORT").value_or(0));
  world.listen_fd = static_cast<int>(variables.maybe("HPCAI_LISTEN_FD").value_or(-1));
  world.job = variables.text("HPCAI_JOB");
  if (world.master_port == 0 || world.job.empty() || (world.rank == 0 && world.listen_fd < 0)) {
    throw Error(ExitCode::usage, "environment: HPCAI_RANK is set, but the rest of what --nproc sets is not",
                "Unset HPCAI_RANK; it is for the ranks that --nproc starts.");
  }
  return world;
}

// torchrun, and operators that set the same variables (PyTorchJob of Kubernetes, scripts).
World from_torchrun(const Variables& variables, const Claim& claim, int port) {
  World world{.rank = claim.rank, .size = claim.size};
  world.launcher = variables.has("TORCHELASTIC_RUN_ID") ? "torchrun" : "environment";
  world.local_rank = static_cast<int>(variables.maybe("LOCAL_RANK").value_or(0));
  if (claim.size > 1) {
    world.master_host = variables.text("MASTER_ADDR");
    if (world.master_host.empty()) {
      throw Error(ExitCode::usage, fmt::format("environment: {}, but MASTER_ADDR is not set", claim.words()),
                  "Set MASTER_ADDR to the host of rank 0 and MASTER_PORT to a free port there.");
    }
    world.launcher_listens = variables.text("TORCHELASTIC_USE_AGENT_STORE") == "True";
    if (world.launcher == "torchrun") {
      world.job =
          fmt::format("torchrun {} {}", variables.text("TORCHELASTIC_RUN_ID"), variables.text("TORCHELASTIC_RESTART_COUNT"));
    }
    choose_port(world, variables, world.launcher_listens ? 0 : port);
  }
  world.local_size = static_cast<int>(variables.maybe("LOCAL_WORLD_SIZE").value_or(guess_local_size(world)));
  check_local(world, "LOCAL_RANK, LOCAL_WORLD_SIZE, WORLD_SIZE");
  return world;
}

// "2(x3),1": tasks of node `node`.
std::optional<int> tasks_of_node(std::string_view text, int64_t node) {
  while (!text.empty()) {
    const auto tasks = take_number<int>(text);
    if (!tasks) return std::nullopt;
    int times = 1;
    if (text.starts_with("(x")) {
      text.remove_prefix(2);
      const auto given = take_number<int>(text);
      if (!given || text.empty()) return std::nullopt;
      times = *given;
      text.remove_prefix(1);
    }
    if ((node -= times) < 0) return tasks;
    if (text.starts_with(",")) text.remove_prefix(1);
  }
  return std::nullopt;
}

World from_slurm(const Variables& variables, const Claim& claim, int port) {
  World world{.rank = claim.rank, .size = claim.size, .launcher = "slurm"};
  world.local_rank = static_cast<int>(variables.maybe("SLURM_LOCALID").value_or(0));
  const auto nodes = variables.first_of({"SLURM_STEP_NUM_NODES", "SLURM_NNODES"});
  const std::string tasks = variables.first_text({"SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"});
  const auto local_size = tasks_of_node(tasks, variables.maybe("SLURM_NODEID").value_or(0));
  world.local_size = nodes == 1 ? world.size : local_size.value_or(world.local_rank + 1);
  check_local(world, "SLURM_LOCALID, SLURM_STEP_TASKS_PER_NODE, SLURM_STEP_NUM_TASKS");
  if (claim.size == 1) return world;
  world.job = fmt::format("slurm {}.{} {}", variables.text("SLURM_JOB_ID"),
                          variables.first_text({"SLURM_STEP_ID", "SLURM_STEPID"}), variables.text("SLURM_RESTART_COUNT"));
  choose_port(world, variables, port);
  world.master_host = variables.text("MASTER_ADDR");
  if (!world.master_host.empty()) return world;
  if (world.one_host()) {
    world.master_host = "127.0.0.1";
    return world;
  }
  const std::string hosts = variables.first_text({"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST"});
  if (hosts.empty()) {
    throw Error(ExitCode::usage, "environment: SLURM_STEP_NODELIST is not set, so the host of rank 0 is unknown",
                "Set MASTER_ADDR to the host of rank 0.");
  }
  world.master_host = expand_host_list(hosts).front();
  // Node names need not be host names. A batch script runs on the first node, so srun's own address is the best guess then.
  world.fallback_host = variables.text("SLURM_LAUNCH_NODE_IPADDR");
  return world;
}

// Open MPI and PMI tell who is who, but not where rank 0 is.
World from_mpi(const Variables& variables, const Claim& claim, int port, const std::string& launcher,
               std::initializer_list<const char*> local_rank, std::initializer_list<const char*> local_size) {
  World world{.rank = claim.rank, .size = claim.size, .launcher = launcher};
  world.local_rank = static_cast<int>(variables.first_of(local_rank).value_or(0));
  world.local_size = static_cast<int>(variables.first_of(local_size).value_or(world.local_rank + 1));
  check_local(world, fmt::format("{}, {}", *local_rank.begin(), *local_size.begin()));
  if (claim.size == 1) return world;
  world.job = variables.first_text(
      {"PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid", "PMI_JOBID", "PALS_APID", "PBS_JOBID", "LSB_JOBID", "SLURM_JOB_ID"});
  choose_port(world, variables, port);
  world.master_host = variables.text("MASTER_ADDR");
  if (!world.master_host.empty()) return world;
  if (world.one_host()) {
    world.master_host = "127.0.0.1";
  } else if (variables.has("SLURM_JOB_NODELIST")) {
    world.master_host = expand_host_list(variables.text("SLURM_JOB_NODELIST")).front();
  } else {
    throw Error(ExitCode::usage, fmt::format("environment: {} spans several hosts, and MASTER_ADDR is not set", claim.words()),
                "Give the host of rank 0, for example mpirun -x MASTER_ADDR=node01 ...");
  }
  return world;
}

// Only tasks of an srun step are ranks; a shell, a batch script or an interactive step inside an allocation is not,
// although Slurm sets SLURM_PROCID=0 for some of them.
std::optional<Claim> read_slurm_claim(const Variables& variables) {
  const auto step = variables.first_of({"SLURM_STEP_ID", "SLURM_STEPID"});
  if (!step || *step >= kFirstSpecialStep) return std::nullopt;
  const bool counts_step = variables.has("SLURM_STEP_NUM_TASKS");
  auto claim = read_claim(variables, "SLURM_PROCID", counts_step ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS");
  const std::string name = variables.text("SLURM_JOB_NAME");
  if (claim && claim->size == 1 && (name == "bash" || name == "interactive")) return std::nullopt;
  return claim;
}

// torchrun's agents, not its ranks, are what another launcher around it has started; a launcher inside one of torchrun's
// ranks would make many ranks of it.
void check_agents(const Variables& variables, const Claim& outer, const std::string& launcher) {
  const auto agents = variables.maybe("GROUP_WORLD_SIZE");
  if (!agents || *agents == outer.size || outer.size == 1) return;
  throw Error(
      ExitCode::usage,
      fmt::format("environment: {0} started {1} tasks ({2}={1}), but torchrun connects {3} agents (GROUP_WORLD_SIZE={3})",
                  launcher, outer.size, outer.size_name, *agents),
      fmt::format("Start one torchrun in each task of {0} with --nnodes equal to the number of tasks, or leave out one of {0} "
                  "and torchrun.",
                  launcher));
}

}  // namespace

World detect_world(const Environment& environment, int port) {
  const Variables variables(environment);
  if (auto claim = read_claim(variables, "HPCAI_RANK", "HPCAI_WORLD_SIZE")) return from_nproc(variables, *claim);
  const auto torch = read_claim(variables, "RANK", "WORLD_SIZE");
  const auto slurm = read_slurm_claim(variables);
  const auto open_mpi = read_claim(variables, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE");
  const auto pmi = read_claim(variables, "PMI_RANK", "PMI_SIZE");
  const auto differ = [](const Claim& a, const Claim& b) { return a.rank != b.rank || a.size != b.size; };

  if (torch && variables.has("TORCHELASTIC_RUN_ID")) {
    if (open_mpi)
      check_agents(variables, *open_mpi, "mpirun");
    else if (slurm)
      check_agents(variables, *slurm, "srun");
    else if (pmi)
      check_agents(variables, *pmi, "mpiexec");
    return from_torchrun(variables, *torch, port);
  }
  if (torch && open_mpi && differ(*torch, *open_mpi)) refuse_pair(*torch, *open_mpi);
  // Inside an allocation mpirun starts its daemons through srun, so Slurm's own numbers count those.
  if (open_mpi) {
    return from_mpi(variables, *open_mpi, port, "openmpi", {"OMPI_COMM_WORLD_LOCAL_RANK"}, {"OMPI_COMM_WORLD_LOCAL_SIZE"});
  }
  if (torch && pmi && differ(*torch, *pmi)) refuse_pair(*torch, *pmi);
  // srun --mpi=pmi2 sets PMI's variables too; where they agree, Slurm knows more.
  if (pmi && !(slurm && !differ(*pmi, *slurm))) {
    return from_mpi(variables, *pmi, port, "pmi", {"PMI_LOCAL_RANK", "MPI_LOCALRANKID"}, {"PMI_LOCAL_SIZE", "MPI_LOCALNRANKS"});
  }
  if (torch && slurm && differ(*torch, *slurm)) refuse_pair(*torch, *slurm);
  if (slurm) return from_slurm(variables, *slurm, port);
  if (torch) return from_torchrun(variables, *torch, port);

  World world;
  const auto tasks = variables.first_of({"SLURM_NTASKS", "SLURM_NPROCS"});
  if (variables.has("SLURM_JOB_ID") && tasks.value_or(1) > 1) {
    world.hint = fmt::format("the Slurm job has {} tasks, but srun did not start this program: it runs as one rank", *tasks);
  }
  return world;
}

}  // namespace hpcai::distributed
