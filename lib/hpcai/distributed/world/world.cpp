#include "hpcai/distributed/world/world.h"

#include <fmt/format.h>

#include <cstdint>

#include "hpcai/core/error.h"
#include "hpcai/distributed/world/launchers.h"
#include "hpcai/distributed/world/variables.h"

namespace hpcai::distributed {
namespace {

// Slurm's numbers for "steps" that are not srun steps: batch script, interactive and external step (slurm.h).
constexpr int64_t kFirstSpecialStep = 0xfffffff0;

[[noreturn]] void refuse_pair(const Claim& a, const Claim& b) {
  throw Error(ExitCode::usage, fmt::format("environment: {} contradicts {}", a.words(), b.words()),
              fmt::format("Unset {} and {} if they are left over from another launcher.", a.rank_name, a.size_name));
}

// Only tasks of an srun step are ranks. A shell, a batch script and an interactive step inside an allocation are not ranks,
// although Slurm sets SLURM_PROCID=0 for some of them.
std::optional<Claim> read_slurm_claim(const Variables& variables) {
  const auto step = variables.first_number({"SLURM_STEP_ID", "SLURM_STEPID"});
  if (!step || *step >= kFirstSpecialStep) return std::nullopt;
  const bool counts_step = variables.has("SLURM_STEP_NUM_TASKS");
  auto claim = read_claim(variables, "SLURM_PROCID", counts_step ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS");
  const std::string name = variables.text("SLURM_JOB_NAME");
  if (claim && claim->size == 1 && (name == "bash" || name == "interactive")) return std::nullopt;
  return claim;
}

// Another launcher outside torchrun starts torchrun's agents, so its number of tasks must equal the number of agents. A launcher
// inside one of torchrun's ranks would turn that rank into many ranks.
void check_agents(const Variables& variables, const Claim& outer, const std::string& launcher) {
  const auto agents = variables.number("GROUP_WORLD_SIZE");
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

  if (torch && variables.has("TORCHELASTIC_RUN_ID")) {
    if (open_mpi) {
      check_agents(variables, *open_mpi, "mpirun");
    } else if (slurm) {
      check_agents(variables, *slurm, "srun");
    } else if (pmi) {
      check_agents(variables, *pmi, "mpiexec");
    }
    return from_torchrun(variables, *torch, port);
  }
  if (torch && open_mpi && torch->contradicts(*open_mpi)) refuse_pair(*torch, *open_mpi);
  // Inside an allocation mpirun starts its daemons through srun, so Slurm's numbers count the daemons.
  if (open_mpi) return from_open_mpi(variables, *open_mpi, port);
  if (torch && pmi && torch->contradicts(*pmi)) refuse_pair(*torch, *pmi);
  // srun --mpi=pmi2 sets PMI's variables too. If both agree, Slurm's variables hold more information.
  if (pmi && !(slurm && !pmi->contradicts(*slurm))) return from_pmi(variables, *pmi, port);
  if (torch && slurm && torch->contradicts(*slurm)) refuse_pair(*torch, *slurm);
  if (slurm) return from_slurm(variables, *slurm, port);
  if (torch) return from_torchrun(variables, *torch, port);
  if (const auto pod = read_claim(variables, "PET_NODE_RANK", "PET_NNODES")) return from_train_job(variables, *pod, port);

  World world;
  const auto tasks = variables.first_number({"SLURM_NTASKS", "SLURM_NPROCS"});
  if (variables.has("SLURM_JOB_ID") && tasks.value_or(1) > 1) {
    world.hint = fmt::format("the Slurm job has {} tasks, but srun did not start this program: it runs as one rank", *tasks);
  }
  return world;
}

}  // namespace hpcai::distributed
