#include "hpcai/distributed/world/launchers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/distributed/world/host_list.h"

namespace hpcai::distributed {
namespace {

// The first derived port. The range ends below Linux's ephemeral ports (32768 and up), so client sockets never hold a derived
// port.
constexpr int kFirstDerivedPort = 15000;
constexpr int kDerivedPorts = 16000;
constexpr int kSparePorts = 15;
constexpr int kPlainPort = 29400;  // for jobs without an identity

// A launcher's variables about this host, in the order in which the program tries them.
struct LocalNames {
  std::vector<const char*> rank, size;
};

// Returns text such as "LOCAL_RANK=4 " for the first of these variables that is set, or an empty text.
std::string first_words(const Variables& variables, const std::vector<const char*>& names) {
  for (const char* name : names) {
    if (variables.has(name)) return fmt::format("{}={} ", name, variables.text(name));
  }
  return "";
}

std::optional<int> as_int(std::optional<int64_t> number) {
  return number ? std::optional(static_cast<int>(std::min<int64_t>(*number, INT32_MAX))) : std::nullopt;
}

// Throws Error{usage} if the numbers about this host are impossible.
void read_local(World& world, const Variables& variables, const LocalNames& names) {
  world.local_rank = as_int(variables.first_number(names.rank));
  world.local_size = as_int(variables.first_number(names.size));
  const int most = world.local_size.value_or(world.size);
  if (most >= 1 && most <= world.size && world.local_rank.value_or(0) < most) return;
  const std::string words = first_words(variables, names.rank) + first_words(variables, names.size);
  throw Error(ExitCode::usage,
              fmt::format("environment: {}cannot be in a world of {} ranks: ranks of one host count from 0", words, world.size),
              "Correct these variables, or unset them: the ranks find out by themselves which of them share a host.");
}

// Returns a port that is the same on all ranks of a job and different for most jobs (FNV-1a hash).
int derived_port(std::string_view job) {
  if (job.empty()) return kPlainPort;
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char c : job) hash = (hash ^ c) * 0x100000001b3;
  return kFirstDerivedPort + static_cast<int>(hash % kDerivedPorts);
}

// Sets the port of the meeting. Another program may hold a derived port, so a derived port has spare ones.
void choose_port(World& world, const Variables& variables, int port) {
  const auto given = variables.number("MASTER_PORT");
  if (port == 0 && given && (*given < 1 || *given > 65535)) {
    throw Error(ExitCode::usage, fmt::format("environment: MASTER_PORT={} is not a port (1 to 65535)", *given),
                "Set MASTER_PORT to a port from 1024 to 65535 that is free on the host of rank 0, or unset it.");
  }
  const bool derived = port == 0 && !given;
  world.master_port = derived ? derived_port(world.job) : port != 0 ? port : static_cast<int>(*given);
  world.spare_ports = derived ? kSparePorts : 0;
}

// Sets the host of the meeting for a launcher that gives only ranks. MASTER_ADDR comes first. Without it, the host is this host
// if all ranks are local, else the first host of the Slurm job, else this host as a guess.
void choose_master_host(World& world, const Variables& variables, const Claim& claim, const char* example) {
  world.master_host = variables.text("MASTER_ADDR");
  if (!world.master_host.empty()) return;
  const std::string hosts = variables.text("SLURM_JOB_NODELIST");
  if (world.local_size == world.size) {
    world.master_host = "127.0.0.1";
  } else if (!hosts.empty()) {
    world.master_host = expand_host_list(hosts).front();
  } else if (!world.local_size) {
    world.master_host = "127.0.0.1";
    world.master_host_guessed = true;
  } else {
    throw Error(ExitCode::usage, fmt::format("environment: {} spans several hosts, and MASTER_ADDR is not set", claim.words()),
                fmt::format("Give the host of rank 0, for example {}", example));
  }
}

// Returns the number of tasks of node `node` from text such as "2(x3),1".
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

// Whether Slurm states that all tasks of the step are on one host. Without a number of nodes, one entry for all tasks states it.
bool is_one_slurm_node(const Variables& variables, std::string_view tasks, int size) {
  const auto nodes = variables.first_number({"SLURM_STEP_NUM_NODES", "SLURM_NNODES"});
  return nodes ? *nodes == 1 : tasks == std::to_string(size);
}

}  // namespace

World from_nproc(const Variables& variables, const Claim& claim) {
  World world{.rank = claim.rank, .size = claim.size, .local_rank = claim.rank, .local_size = claim.size, .launcher = "nproc"};
  world.master_host = "127.0.0.1";
  world.master_port = static_cast<int>(variables.number("HPCAI_MASTER_PORT").value_or(0));
  world.listen_fd = static_cast<int>(variables.number("HPCAI_LISTEN_FD").value_or(-1));
  world.parent_fd = static_cast<int>(variables.number("HPCAI_PARENT_FD").value_or(-1));
  world.job = variables.text("HPCAI_JOB");
  world.restarts = static_cast<int>(variables.number("HPCAI_RESTARTS").value_or(0));
  if (world.master_port == 0 || world.job.empty() || (world.rank == 0 && world.listen_fd < 0)) {
    throw Error(ExitCode::usage, "environment: HPCAI_RANK is set, but the rest of what --nproc sets is not",
                "Unset HPCAI_RANK; it is for the ranks that --nproc starts.");
  }
  return world;
}

World from_torchrun(const Variables& variables, const Claim& claim, int port) {
  World world{.rank = claim.rank, .size = claim.size};
  world.launcher = variables.has("TORCHELASTIC_RUN_ID") ? "torchrun" : "environment";
  read_local(world, variables, {{"LOCAL_RANK"}, {"LOCAL_WORLD_SIZE"}});
  world.restarts = static_cast<int>(variables.number("TORCHELASTIC_RESTART_COUNT").value_or(0));
  if (claim.size == 1) return world;
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
  return world;
}

World from_train_job(const Variables& variables, const Claim& claim, int port) {
  const std::string ranks = variables.text("PET_NPROC_PER_NODE");
  if (!ranks.empty() && ranks != "1" && ranks != "auto") {
    throw Error(ExitCode::usage,
                fmt::format("environment: PET_NPROC_PER_NODE={} asks for several ranks in a pod", printable(ranks, 20)),
                "Set trainer.numProcPerNode to 1 and trainer.numNodes to the number of ranks, each with one GPU.");
  }
  World world{.rank = claim.rank, .size = claim.size, .launcher = "trainjob"};
  if (claim.size == 1) return world;
  world.master_host = variables.text("PET_MASTER_ADDR");
  const auto given = variables.number("PET_MASTER_PORT");
  if (world.master_host.empty() || (port == 0 && (given.value_or(0) < 1 || *given > 65535))) {
    throw Error(
        ExitCode::usage,
        fmt::format("environment: {}, but PET_MASTER_ADDR and PET_MASTER_PORT do not name a place to meet", claim.words()),
        "Set PET_MASTER_ADDR to the host of node 0 and PET_MASTER_PORT to a free port there (1 to 65535).");
  }
  world.master_port = port != 0 ? port : static_cast<int>(*given);
  return world;
}

World from_slurm(const Variables& variables, const Claim& claim, int port) {
  World world{.rank = claim.rank, .size = claim.size, .launcher = "slurm"};
  const std::string tasks = variables.first_text({"SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"});
  const bool one_node = is_one_slurm_node(variables, tasks, world.size);
  read_local(world, variables, {{"SLURM_LOCALID"}, {}});
  world.local_size = one_node ? world.size : tasks_of_node(tasks, variables.number("SLURM_NODEID").value_or(0));
  if (world.local_size && (*world.local_size > world.size || world.local_rank.value_or(0) >= *world.local_size)) {
    throw Error(ExitCode::usage,
                fmt::format("environment: SLURM_LOCALID={} and SLURM_STEP_TASKS_PER_NODE={} cannot be in a step of {} tasks",
                            variables.text("SLURM_LOCALID"), printable(tasks, 60), world.size),
                "Start the program with srun itself, without setting these variables.");
  }
  if (claim.size == 1) return world;
  world.job = fmt::format("slurm {}.{} {}", variables.text("SLURM_JOB_ID"),
                          variables.first_text({"SLURM_STEP_ID", "SLURM_STEPID"}), variables.text("SLURM_RESTART_COUNT"));
  choose_port(world, variables, port);
  world.master_host = variables.text("MASTER_ADDR");
  if (!world.master_host.empty()) return world;
  if (one_node) {
    world.master_host = "127.0.0.1";
    return world;
  }
  const std::string hosts = variables.first_text({"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST"});
  if (hosts.empty()) {
    throw Error(ExitCode::usage, "environment: SLURM_STEP_NODELIST is not set, so the host of rank 0 is unknown",
                "Set MASTER_ADDR to the host of rank 0.");
  }
  world.master_host = expand_host_list(hosts).front();
  // Node names may differ from host names. A batch script runs on the first node, so srun's own address is the best guess then.
  world.fallback_host = variables.text("SLURM_LAUNCH_NODE_IPADDR");
  return world;
}

World from_open_mpi(const Variables& variables, const Claim& claim, int port) {
  World world{.rank = claim.rank, .size = claim.size, .launcher = "openmpi"};
  read_local(world, variables, {{"OMPI_COMM_WORLD_LOCAL_RANK"}, {"OMPI_COMM_WORLD_LOCAL_SIZE"}});
  if (claim.size == 1) return world;
  world.job = variables.first_text({"PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid", "PBS_JOBID", "LSB_JOBID", "SLURM_JOB_ID"});
  choose_port(world, variables, port);
  choose_master_host(world, variables, claim, "mpirun -x MASTER_ADDR=node01 ...");
  return world;
}

World from_pmi(const Variables& variables, const Claim& claim, int port) {
  World world{.rank = claim.rank, .size = claim.size, .launcher = "pmi"};
  read_local(world, variables,
             {{"PMI_LOCAL_RANK", "MPI_LOCALRANKID", "PALS_LOCAL_RANKID", "MV2_COMM_WORLD_LOCAL_RANK"},
              {"PMI_LOCAL_SIZE", "MPI_LOCALNRANKS", "PALS_LOCAL_SIZE", "MV2_COMM_WORLD_LOCAL_SIZE"}});
  if (claim.size == 1) return world;
  world.job = variables.first_text({"PMIX_NAMESPACE", "PMI_JOBID", "PALS_APID", "PBS_JOBID", "LSB_JOBID", "SLURM_JOB_ID"});
  choose_port(world, variables, port);
  choose_master_host(world, variables, claim, "mpiexec -genv MASTER_ADDR node01 ...");
  return world;
}

}  // namespace hpcai::distributed
