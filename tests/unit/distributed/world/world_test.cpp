#include <catch2/catch.hpp>

#include "hpcai/core/error.h"
#include "hpcai/distributed/world/world.h"

using namespace hpcai::distributed;
using Catch::Matchers::Contains;
using hpcai::Environment;

namespace {

Environment with(Environment environment, const Environment& more) {
  for (const auto& [name, value] : more) environment[name] = value;
  return environment;
}

Environment without(Environment environment, const std::string& name) {
  environment.erase(name);
  return environment;
}

const Environment kTorchrun{{"RANK", "5"},
                            {"WORLD_SIZE", "8"},
                            {"LOCAL_RANK", "1"},
                            {"LOCAL_WORLD_SIZE", "4"},
                            {"MASTER_ADDR", "n1"},
                            {"MASTER_PORT", "29512"},
                            {"TORCHELASTIC_RUN_ID", "job7"},
                            {"TORCHELASTIC_RESTART_COUNT", "0"},
                            {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                            {"GROUP_RANK", "1"},
                            {"GROUP_WORLD_SIZE", "2"}};
const Environment kSlurm{{"SLURM_JOB_ID", "1234"},
                         {"SLURM_STEP_ID", "0"},
                         {"SLURM_PROCID", "5"},
                         {"SLURM_NTASKS", "8"},
                         {"SLURM_STEP_NUM_TASKS", "8"},
                         {"SLURM_LOCALID", "1"},
                         {"SLURM_NODEID", "2"},
                         {"SLURM_NNODES", "3"},
                         {"SLURM_STEP_NUM_NODES", "3"},
                         {"SLURM_STEP_TASKS_PER_NODE", "2(x2),4"},
                         {"SLURM_STEP_NODELIST", "hal[07-09]"},
                         {"SLURM_JOB_NODELIST", "hal[01-09]"},
                         {"SLURM_JOB_NAME", "train"},
                         {"SLURM_LAUNCH_NODE_IPADDR", "10.9.9.9"}};
const Environment kOpenMpi{{"OMPI_COMM_WORLD_RANK", "3"},
                           {"OMPI_COMM_WORLD_SIZE", "4"},
                           {"OMPI_COMM_WORLD_LOCAL_RANK", "3"},
                           {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"},
                           {"PMIX_NAMESPACE", "prterun-host-77@1"}};
const Environment kNproc{{"HPCAI_RANK", "1"}, {"HPCAI_WORLD_SIZE", "2"}, {"HPCAI_MASTER_PORT", "40000"}, {"HPCAI_JOB", "abc"}};

std::string refusal(const Environment& environment) {
  try {
    detect_world(environment);
  } catch (const hpcai::Error& error) {
    CHECK(error.code() == hpcai::ExitCode::usage);
    CHECK_FALSE(error.remedy().empty());
    return error.what();
  }
  FAIL("accepted");
  return "";
}

}  // namespace

TEST_CASE("no launcher is one rank") {
  const World world = detect_world({{"HOME", "/root"}});
  CHECK(world.size == 1);
  CHECK(world.rank == 0);
  CHECK(world.launcher == "none");
  CHECK(world.master_host.empty());
}

TEST_CASE("the ranks of --nproc know each other whatever else is set") {
  const World world = detect_world(with(with(kNproc, kSlurm), {{"OMP_NUM_THREADS", "1"}}));
  CHECK(world.launcher == "nproc");
  CHECK(world.rank == 1);
  CHECK(world.size == 2);
  CHECK(world.local_size == 2);
  CHECK(world.master_host == "127.0.0.1");
  CHECK(world.master_port == 40000);
  CHECK(detect_world(kNproc, 777).master_port == 40000);
}

TEST_CASE("torchrun's agent serves the store, other launchers of the same variables do not") {
  const World world = detect_world(kTorchrun);
  CHECK(world.launcher == "torchrun");
  CHECK(world.rank == 5);
  CHECK(world.size == 8);
  CHECK(world.local_rank == 1);
  CHECK(world.local_size == 4);
  CHECK(world.master_host == "n1");
  CHECK(world.master_port == 29512);
  CHECK(world.launcher_listens);
  CHECK(detect_world(kTorchrun, 777).master_port == 29512);
  CHECK(detect_world(with(kTorchrun, {{"TORCHELASTIC_RESTART_COUNT", "1"}})).job != world.job);

  const World own = detect_world(with(kTorchrun, {{"TORCHELASTIC_USE_AGENT_STORE", "False"}}), 777);
  CHECK_FALSE(own.launcher_listens);
  CHECK(own.master_port == 777);

  const World operators = detect_world({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "pod-0"}, {"MASTER_PORT", "23456"}});
  CHECK(operators.launcher == "environment");
  CHECK_FALSE(operators.local_rank);
  CHECK_FALSE(operators.local_size);
  CHECK(operators.master_host == "pod-0");
}

TEST_CASE("srun's tasks are ranks, the first host of the step is where they meet") {
  const World world = detect_world(kSlurm);
  CHECK(world.launcher == "slurm");
  CHECK(world.rank == 5);
  CHECK(world.size == 8);
  CHECK(world.local_rank == 1);
  CHECK(world.local_size == 4);
  CHECK(world.master_host == "hal07");
  CHECK(world.master_port >= 15000);
  CHECK(world.master_port < 31000);
  CHECK(detect_world(with(kSlurm, {{"SLURM_PROCID", "0"}})).master_port == world.master_port);
  CHECK(detect_world(with(kSlurm, {{"SLURM_STEP_ID", "1"}})).master_port != world.master_port);
  CHECK(detect_world(kSlurm, 777).master_port == 777);
  CHECK(world.spare_ports == 15);
  CHECK(detect_world(kSlurm, 777).spare_ports == 0);
  CHECK(detect_world(with(kSlurm, {{"MASTER_PORT", "4000"}})).spare_ports == 0);
  CHECK(detect_world(with(kSlurm, {{"MASTER_PORT", "888"}})).master_port == 888);
  CHECK(detect_world(with(kSlurm, {{"MASTER_ADDR", "hal08"}})).master_host == "hal08");
  CHECK(world.fallback_host == "10.9.9.9");
  CHECK(detect_world(with(kSlurm, {{"MASTER_ADDR", "hal08"}})).fallback_host.empty());

  const World first = detect_world(with(kSlurm, {{"SLURM_NODEID", "1"}}));
  CHECK(first.local_size == 2);
  const World host = detect_world({{"SLURM_JOB_ID", "9"},
                                   {"SLURM_STEPID", "2"},
                                   {"SLURM_PROCID", "1"},
                                   {"SLURM_NTASKS", "4"},
                                   {"SLURM_LOCALID", "1"},
                                   {"SLURM_NNODES", "1"}});
  CHECK(host.local_size == 4);
  CHECK(host.master_host == "127.0.0.1");
}

TEST_CASE("a plain run inside a Slurm allocation is one rank") {
  const Environment batch{{"SLURM_JOB_ID", "9"}, {"SLURM_PROCID", "0"}, {"SLURM_LOCALID", "0"}, {"SLURM_NTASKS", "4"}};
  CHECK(detect_world(batch).size == 1);
  CHECK_THAT(detect_world(batch).hint, Contains("4 tasks"));
  CHECK(detect_world({{"SLURM_JOB_ID", "9"}, {"SLURM_NTASKS", "1"}}).hint.empty());
  // salloc's interactive step, and srun --pty bash
  CHECK(detect_world(with(kSlurm, {{"SLURM_STEP_ID", "4294967290"}})).size == 1);
  const World shell = detect_world(
      {{"SLURM_JOB_ID", "9"}, {"SLURM_STEP_ID", "0"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}, {"SLURM_JOB_NAME", "bash"}});
  CHECK(shell.size == 1);
  CHECK(shell.launcher == "none");
}

TEST_CASE("Open MPI and PMI tell ranks, and meet on the host itself or at MASTER_ADDR") {
  const World mpi = detect_world(kOpenMpi);
  CHECK(mpi.launcher == "openmpi");
  CHECK(mpi.rank == 3);
  CHECK(mpi.local_size == 4);
  CHECK(mpi.master_host == "127.0.0.1");
  CHECK(detect_world(with(kOpenMpi, {{"PMIX_NAMESPACE", "prterun-host-78@1"}})).master_port != mpi.master_port);

  const World hydra = detect_world(
      {{"PMI_RANK", "1"}, {"PMI_SIZE", "4"}, {"MPI_LOCALRANKID", "1"}, {"MPI_LOCALNRANKS", "2"}, {"MASTER_ADDR", "n1"}});
  CHECK(hydra.launcher == "pmi");
  CHECK(hydra.local_size == 2);
  CHECK(hydra.master_host == "n1");

  // mpirun inside an allocation: Slurm counts mpirun's daemons
  const Environment spread =
      with(with(kSlurm, kOpenMpi), {{"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}, {"OMPI_COMM_WORLD_LOCAL_RANK", "1"}});
  CHECK(detect_world(spread).launcher == "openmpi");
  CHECK(detect_world(spread).master_host == "hal01");
  // srun --mpi=pmi2
  CHECK(detect_world(with(kSlurm, {{"PMI_RANK", "5"}, {"PMI_SIZE", "8"}})).launcher == "slurm");
}

TEST_CASE("a pod of a TrainJob is one rank") {
  const Environment pod{{"PET_NNODES", "4"},
                        {"PET_NPROC_PER_NODE", "1"},
                        {"PET_NODE_RANK", "2"},
                        {"PET_MASTER_ADDR", "job-node-0-0.job"},
                        {"PET_MASTER_PORT", "29400"}};
  const World world = detect_world(pod);
  CHECK(world.launcher == "trainjob");
  CHECK(world.rank == 2);
  CHECK(world.size == 4);
  CHECK_FALSE(world.local_size);
  CHECK(world.master_host == "job-node-0-0.job");
  CHECK(world.master_port == 29400);
  CHECK(world.spare_ports == 0);
  CHECK(detect_world(pod, 777).master_port == 777);
  CHECK(detect_world(with(pod, {{"PET_NPROC_PER_NODE", "auto"}})).size == 4);
  // A torchrun that runs in the pod states the ranks itself, as does a PyTorchJob, which sets both.
  CHECK(detect_world(with(pod, kTorchrun)).launcher == "torchrun");
  CHECK(detect_world(with(pod, {{"RANK", "2"}, {"WORLD_SIZE", "4"}, {"MASTER_ADDR", "a"}})).launcher == "environment");
  CHECK_THAT(refusal(with(pod, {{"PET_NPROC_PER_NODE", "8"}})), Contains("PET_NPROC_PER_NODE=8"));
  CHECK_THAT(refusal(without(pod, "PET_MASTER_ADDR")), Contains("PET_MASTER_ADDR"));
  CHECK_THAT(refusal(with(pod, {{"PET_MASTER_PORT", "0"}})), Contains("PET_MASTER_PORT"));
  CHECK_THAT(refusal(without(pod, "PET_NNODES")), Contains("PET_NNODES is not"));
}

TEST_CASE("one torchrun for each srun task is no contradiction") {
  const World world =
      detect_world(with(with(kSlurm, {{"SLURM_PROCID", "1"}, {"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_NTASKS", "2"}}), kTorchrun));
  CHECK(world.launcher == "torchrun");
  CHECK(world.rank == 5);
}

TEST_CASE("an environment that is incomplete or impossible is refused, naming the variables") {
  const auto [environment, words] = GENERATE(table<Environment, std::string>({
      {{{"RANK", "0"}}, "RANK is set, but WORLD_SIZE is not"},
      {{{"WORLD_SIZE", "2"}}, "WORLD_SIZE is set, but RANK is not"},
      {{{"RANK", "4"}, {"WORLD_SIZE", "4"}, {"MASTER_ADDR", "a"}}, "RANK=4 WORLD_SIZE=4"},
      {{{"RANK", "0"}, {"WORLD_SIZE", "0"}}, "WORLD_SIZE=0"},
      {{{"RANK", "-1"}, {"WORLD_SIZE", "2"}}, "RANK=\"-1\""},
      {{{"RANK", "one"}, {"WORLD_SIZE", "2"}}, "RANK=\"one\""},
      {{{"RANK", "0"}, {"WORLD_SIZE", "2"}}, "MASTER_ADDR"},
      {with(kTorchrun, {{"LOCAL_RANK", "4"}}), "LOCAL_WORLD_SIZE"},
      {with(kTorchrun, {{"MASTER_PORT", "70000"}}), "MASTER_PORT=70000"},
      {without(kSlurm, "SLURM_PROCID"), "SLURM_PROCID is not"},
      {with(kSlurm, {{"SLURM_PROCID", "8"}}), "SLURM_PROCID=8 SLURM_STEP_NUM_TASKS=8"},
      {with(kSlurm, {{"SLURM_STEP_NODELIST", "hal[07-"}}), "hal[07-"},
      {with(kSlurm, {{"RANK", "0"}, {"WORLD_SIZE", "4"}, {"MASTER_ADDR", "a"}}),
       "RANK=0 WORLD_SIZE=4 contradicts SLURM_PROCID=5"},
      {with(with(kSlurm, kTorchrun), {{"GROUP_WORLD_SIZE", "1"}}),
       "srun started 8 tasks (SLURM_STEP_NUM_TASKS=8), but torchrun connects 1"},
      {with(with(kOpenMpi, kTorchrun), {{"GROUP_WORLD_SIZE", "1"}}), "mpirun started 4 tasks (OMPI_COMM_WORLD_SIZE=4)"},
      {with(with({{"PMI_RANK", "1"}, {"PMI_SIZE", "4"}}, kTorchrun), {{"GROUP_WORLD_SIZE", "1"}}),
       "mpiexec started 4 tasks (PMI_SIZE=4)"},
      {with(kOpenMpi, {{"RANK", "0"}, {"WORLD_SIZE", "4"}, {"MASTER_ADDR", "a"}}), "contradicts OMPI_COMM_WORLD_RANK=3"},
      {with(kOpenMpi, {{"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}, {"OMPI_COMM_WORLD_LOCAL_RANK", "1"}}), "MASTER_ADDR is not set"},
      {without(kOpenMpi, "OMPI_COMM_WORLD_SIZE"), "OMPI_COMM_WORLD_SIZE is not"},
      {without(kNproc, "HPCAI_MASTER_PORT"), "HPCAI_RANK is set"},
      {with(kNproc, {{"HPCAI_RANK", "0"}}), "HPCAI_RANK is set"},
  }));
  CHECK_THAT(refusal(environment), Contains(words));
}

TEST_CASE("what a launcher tells of the host is optional, and where the ranks meet does not depend on it") {
  const Environment bare{{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "10.0.0.1"}, {"MASTER_PORT", "29500"}};
  const World plain = detect_world(bare);
  for (const Environment& told : {with(bare, {{"LOCAL_RANK", "1"}}), with(bare, {{"LOCAL_WORLD_SIZE", "2"}}),
                                  with(bare, {{"LOCAL_RANK", "1"}, {"LOCAL_WORLD_SIZE", "2"}})}) {
    const World world = detect_world(told);
    CHECK(world.master_host == plain.master_host);
    CHECK(world.master_port == plain.master_port);
    CHECK(world.spare_ports == plain.spare_ports);
    CHECK(world.job == plain.job);
  }
  CHECK(detect_world(with(bare, {{"LOCAL_RANK", "1"}})).local_rank == 1);
  CHECK_FALSE(detect_world(with(bare, {{"LOCAL_RANK", "1"}})).local_size);
}

TEST_CASE("PMI without a local size looks for rank 0 on this host, unless the launcher tells another one") {
  const Environment bare{{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}};
  const World guessed = detect_world(bare);
  CHECK(guessed.launcher == "pmi");
  CHECK(guessed.master_host == "127.0.0.1");
  CHECK(guessed.master_host_guessed);
  // A rank that is told more comes to the same place.
  const World told = detect_world(with(bare, {{"PMI_LOCAL_SIZE", "2"}, {"PMI_LOCAL_RANK", "1"}}));
  CHECK(told.master_host == "127.0.0.1");
  CHECK(told.master_port == guessed.master_port);
  CHECK_FALSE(told.master_host_guessed);
  CHECK(detect_world(with(bare, {{"PALS_LOCAL_SIZE", "2"}})).local_size == 2);
  CHECK(detect_world(with(bare, {{"MV2_COMM_WORLD_LOCAL_RANK", "1"}})).local_rank == 1);
  CHECK(detect_world(with(bare, {{"MASTER_ADDR", "n1"}})).master_host == "n1");
  CHECK_FALSE(detect_world(with(bare, {{"MASTER_ADDR", "n1"}})).master_host_guessed);
  CHECK_THAT(refusal(with(bare, {{"PMI_LOCAL_SIZE", "1"}, {"PMI_LOCAL_RANK", "0"}})),
             Contains("PMI_RANK=1 PMI_SIZE=2 spans several hosts"));
}

TEST_CASE("numbers about a host that cannot be are refused, naming the variables and their values") {
  const Environment bare{{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "10.0.0.1"}};
  const auto [more, words] = GENERATE(table<Environment, std::string>({
      {{{"LOCAL_RANK", "2"}}, "LOCAL_RANK=2 cannot be in a world of 2 ranks"},
      {{{"LOCAL_WORLD_SIZE", "3"}}, "LOCAL_WORLD_SIZE=3 cannot be in a world of 2 ranks"},
      {{{"LOCAL_WORLD_SIZE", "0"}}, "LOCAL_WORLD_SIZE=0 cannot be"},
      {{{"LOCAL_RANK", "1"}, {"LOCAL_WORLD_SIZE", "1"}}, "LOCAL_RANK=1 LOCAL_WORLD_SIZE=1 cannot be"},
      {{{"LOCAL_RANK", "one"}}, "LOCAL_RANK=\"one\" is not a number"},
      {{{"LOCAL_RANK", "\x1b[31m1"}}, "LOCAL_RANK=\"\\x1b[31m1\" is not a number"},
      {{{"WORLD_SIZE", "4294967296"}}, "WORLD_SIZE=\"4294967296\""},
      {{{"WORLD_SIZE", "4294967295"}}, "WORLD_SIZE=4294967295 is impossible"},
      {{{"MASTER_PORT", "0"}}, "MASTER_PORT=0 is not a port"},
  }));
  CHECK_THAT(refusal(with(bare, more)), Contains(words));
}
