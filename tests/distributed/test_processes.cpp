#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include "hpcai/core/threads/cores.h"
#include "programs.h"

using Catch::Matchers::Contains;

TEST_CASE("ranks of --nproc exchange tensors and texts") {
  const std::string count = GENERATE("1", "2", "3", "4");
  const auto [status, output] = run({"--nproc", count, "collectives"});
  INFO(output);
  CHECK(status == 0);
  CHECK_THAT(output, Contains("met " + count + " ranks, started by nproc"));
}

TEST_CASE("ranks of one host add tensors in memory that they share, in the order of the ranks") {
  const std::string count = GENERATE("2", "3", "4");
  const auto [status, output] = run({"--nproc", count, "host-sums"});
  INFO(output);
  CHECK(status == 0);
  CHECK_THAT(output, Contains("added over 1 host"));
  CHECK_THAT(output, !Contains("cannot share memory"));
}

TEST_CASE("compressed gradients are those of PyTorch's powerSGD_hook, and what they leave out comes later") {
  const std::string count = GENERATE("2", "3");
  const auto [status, output] = run({"--nproc", count, "compression", HPCAI_FIXTURES "/powersgd.json"});
  INFO(output);
  CHECK(status == 0);
}

// No file, and so no shared memory, may be larger than 4 blocks of 1 KiB.
TEST_CASE("ranks that cannot share memory say so once and exchange gradients all the same") {
  const std::string scenario = GENERATE("gradients", "collectives", "drift");
  const auto [status, output] = run({"--nproc", "2", scenario}, {}, {.file_blocks = 4});
  INFO(output);
  CHECK(status == 0);
  const std::string line = "The ranks of a host cannot share memory";
  const auto first = output.find(line);
  REQUIRE(first != std::string::npos);
  CHECK(output.find(line, first + 1) == std::string::npos);
}

TEST_CASE("averaged gradients are those of one process with the joined batch") {
  const std::string count = GENERATE("1", "2", "4");
  const auto [status, output] = run({"--nproc", count, "gradients"});
  INFO(output);
  CHECK(status == 0);
}

TEST_CASE("a bit that flips on one rank is seen and its rank named, and the state of the others heals it") {
  const std::string count = GENERATE("2", "3", "4");
  const auto [status, output] = run({"--nproc", count, "drift"});
  INFO(output);
  CHECK(status == 0);
  if (count != "2") CHECK_THAT(output, Contains(fmt::format("named rank {}, healed", std::stoi(count) - 1)));
}

TEST_CASE("averaged gradients are those of LibTorch's Reducer") {
  const std::string count = GENERATE("2", "4");
  const TemporaryFolder folder;
  const auto [status, output] = run({"--nproc", count, "same-as-libtorch", folder / "store"});
  INFO(output);
  CHECK(status == 0);
}

TEST_CASE("ranks meet over a chosen interface") {
  const auto [status, output] = run({"--nproc", "2", "--interface", "lo", "collectives"});
  INFO(output);
  CHECK(status == 0);
}

TEST_CASE("the ranks of other launchers meet") {
  const std::string port = std::to_string(free_port());
  const auto launcher = GENERATE("environment", "slurm", "openmpi", "pmi");
  std::vector<Environment> ranks;
  for (const std::string rank : {"0", "1"}) {
    if (launcher == std::string("environment")) {
      ranks.push_back({{"RANK", rank}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "localhost"}, {"MASTER_PORT", port}});
    } else if (launcher == std::string("slurm")) {
      ranks.push_back({{"SLURM_JOB_ID", port},
                       {"SLURM_STEP_ID", "0"},
                       {"SLURM_PROCID", rank},
                       {"SLURM_STEP_NUM_TASKS", "2"},
                       {"SLURM_LOCALID", rank},
                       {"SLURM_NODEID", "0"},
                       {"SLURM_STEP_TASKS_PER_NODE", "2"},
                       {"SLURM_STEP_NUM_NODES", "1"},
                       {"SLURM_STEP_NODELIST", "localhost"}});
    } else if (launcher == std::string("openmpi")) {
      ranks.push_back({{"OMPI_COMM_WORLD_RANK", rank},
                       {"OMPI_COMM_WORLD_SIZE", "2"},
                       {"OMPI_COMM_WORLD_LOCAL_RANK", rank},
                       {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
                       {"PMIX_NAMESPACE", "test-" + port}});
    } else {
      ranks.push_back(
          {{"PMI_RANK", rank}, {"PMI_SIZE", "2"}, {"MPI_LOCALRANKID", rank}, {"MPI_LOCALNRANKS", "2"}, {"MASTER_PORT", port}});
    }
  }
  const auto outcomes = run_as(ranks, {"collectives"});
  INFO(outcomes[0].output << outcomes[1].output);
  CHECK(outcomes[0].status == 0);
  CHECK(outcomes[1].status == 0);
  CHECK_THAT(outcomes[0].output, Contains(launcher));
}

// What launchers, scripts and users of ssh set for two ranks on one host, more or less of it.
TEST_CASE("ranks of one host meet and share its cores, whatever their launcher tells of the host") {
  using hpcai::distributed::host_name, hpcai::distributed::outward_address;
  const auto [master, common, more] = GENERATE_COPY(table<std::string, Environment, std::array<Environment, 2>>({
      {outward_address(), {}, {{{{"LOCAL_RANK", "0"}}, {{"LOCAL_RANK", "1"}}}}},
      {outward_address(), {}, {{{}, {}}}},
      {outward_address(), {}, {{{{"LOCAL_WORLD_SIZE", "2"}}, {}}}},
      {outward_address(), {}, {{{}, {{"LOCAL_RANK", "1"}, {"LOCAL_WORLD_SIZE", "2"}}}}},
      {outward_address(), {{"LOCAL_RANK", "0"}, {"LOCAL_WORLD_SIZE", "1"}}, {}},
      {"127.0.0.1", {{"LOCAL_RANK", "0"}, {"LOCAL_WORLD_SIZE", "1"}}, {}},
      {"::1", {}, {{{{"LOCAL_RANK", "0"}}, {{"LOCAL_RANK", "1"}}}}},
      {"::1", {{"LOCAL_WORLD_SIZE", "2"}}, {}},
      {"[::1]", {}, {}},
      {"127.0.1.1", {}, {{{{"LOCAL_RANK", "0"}}, {{"LOCAL_RANK", "1"}}}}},
      {"localhost", {}, {{{{"LOCAL_RANK", "0"}}, {{"LOCAL_RANK", "1"}}}}},
      {"ip6-localhost", {}, {{{{"LOCAL_RANK", "0"}}, {{"LOCAL_RANK", "1"}}}}},
      {host_name(), {}, {{{{"LOCAL_RANK", "0"}}, {{"LOCAL_RANK", "1"}}}}},
      {host_name(), {}, {{{{"LOCAL_WORLD_SIZE", "2"}}, {}}}},
  }));
  const std::string port = std::to_string(free_port());
  std::vector<Environment> ranks;
  for (size_t rank = 0; rank < 2; ++rank) {
    Environment environment{{"RANK", std::to_string(rank)}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", master}, {"MASTER_PORT", port}};
    environment.insert(common.begin(), common.end());
    environment.insert(more[rank].begin(), more[rank].end());
    ranks.push_back(environment);
  }
  const auto outcomes = run_as(ranks, {"--timeout", "20", "--connect-timeout", "30", "print-share"});
  INFO(master << "\n" << outcomes[0].output << outcomes[1].output);
  CHECK(outcomes[0].status == 0);
  CHECK(outcomes[1].status == 0);
  const int share = std::max(1, hpcai::available_cores() / 2);
  CHECK_THAT(outcomes[1].output, Contains(fmt::format("rank 1 of 2 is 1 of 2 on 1 host, has ? threads, {}", share)));
}

TEST_CASE("PMI's ranks meet on their host without being told how many are there") {
  const std::string port = std::to_string(free_port());
  const auto told = GENERATE(Environment{}, Environment{{"PMI_LOCAL_SIZE", "2"}, {"PMI_LOCAL_RANK", "1"}});
  Environment first{{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}, {"MASTER_PORT", port}}, second = first;
  second["PMI_RANK"] = "1";
  second.insert(told.begin(), told.end());
  const auto outcomes = run_as({first, second}, {"--timeout", "20", "--connect-timeout", "30", "collectives"});
  INFO(outcomes[0].output << outcomes[1].output);
  CHECK(outcomes[0].status == 0);
  CHECK(outcomes[1].status == 0);

  const auto lonely = run({"--connect-timeout", "1", "collectives"}, second);
  CHECK(lonely.status == 69);
  CHECK_THAT(lonely.output, told.empty() ? Contains("set MASTER_ADDR to that host") : Contains("rank 0 did not come"));
}

TEST_CASE("ranks that were told different numbers of ranks say so") {
  const std::string port = std::to_string(free_port());
  const auto told = GENERATE(table<std::string, std::string>({{"2", "3"}, {"2", "64"}, {"3", "2"}}));
  std::vector<Environment> ranks;
  for (const auto& [rank, size] :
       std::vector<std::pair<std::string, std::string>>{{"0", std::get<0>(told)}, {"1", std::get<1>(told)}}) {
    ranks.push_back({{"RANK", rank}, {"WORLD_SIZE", size}, {"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", port}});
  }
  const auto outcomes = run_as(ranks, {"--connect-timeout", "4", "collectives"});
  INFO(outcomes[0].output << outcomes[1].output);
  if (std::get<0>(told) == "3") {
    CHECK(outcomes[0].status == 69);  // rank 2 is missing, which is all that can be known
    return;
  }
  for (const auto& outcome : outcomes) {
    CHECK(outcome.status == 76);
    CHECK_THAT(outcome.output, Contains("was told that there are " + std::get<1>(told) + " ranks, rank 0 that there are 2"));
  }
}

TEST_CASE("parts of the ranks exchange among themselves") {
  const std::string count = GENERATE("2", "3", "4");
  const auto [status, output] = run({"--nproc", count, "--timeout", "20", "split"});
  INFO(output);
  CHECK(status == 0);
}

// torchrun's agent holds MASTER_PORT itself.
TEST_CASE("where the launcher serves a store, the ranks find rank 0 through it") {
  c10d::TCPStoreOptions options;
  options.isServer = true;
  options.port = 0;
  options.waitWorkers = false;
  const auto store = c10::make_intrusive<c10d::TCPStore>("127.0.0.1", options);
  std::vector<Environment> ranks;
  for (const std::string rank : {"0", "1", "2"}) {
    ranks.push_back({{"RANK", rank},
                     {"WORLD_SIZE", "3"},
                     {"LOCAL_RANK", rank},
                     {"LOCAL_WORLD_SIZE", "3"},
                     {"MASTER_ADDR", "localhost"},
                     {"MASTER_PORT", std::to_string(store->getPort())},
                     {"TORCHELASTIC_RUN_ID", "test"},
                     {"TORCHELASTIC_RESTART_COUNT", "0"},
                     {"TORCHELASTIC_USE_AGENT_STORE", "True"}});
  }
  const auto outcomes = run_as(ranks, {"collectives"});
  for (const auto& outcome : outcomes) {
    INFO(outcome.output);
    CHECK(outcome.status == 0);
  }
  CHECK_THAT(outcomes[0].output, Contains("torchrun"));
}

TEST_CASE("a derived port that is taken is replaced by a spare one") {
  std::vector<Environment> ranks;
  const std::string job = std::to_string(free_port());
  for (const std::string rank : {"0", "1"}) {
    ranks.push_back({{"SLURM_JOB_ID", job},
                     {"SLURM_STEP_ID", "0"},
                     {"SLURM_PROCID", rank},
                     {"SLURM_STEP_NUM_TASKS", "2"},
                     {"SLURM_LOCALID", rank},
                     {"SLURM_STEP_NUM_NODES", "1"}});
  }
  // Another program, which accepts connections and says nothing.
  const int held = hpcai::distributed::listen_on("127.0.0.1", hpcai::distributed::detect_world(ranks[0]).master_port);
  const auto outcomes = run_as(ranks, {"collectives"});
  close(held);
  INFO(outcomes[0].output << outcomes[1].output);
  CHECK(outcomes[0].status == 0);
  CHECK(outcomes[1].status == 0);
}

TEST_CASE("ranks that disagree are named, with status 76") {
  const auto [status, output] = run({"--nproc", "4", "disagree"});
  INFO(output);
  CHECK(status == 76);
  CHECK_THAT(output, Contains("different configs: ranks 1, 3 of 4 differ"));
  CHECK(run({"--nproc", "2", "different-models"}).status == 76);
}

TEST_CASE("a rank that fails ends the run with its own status") {
  const auto [status, output] = run({"--nproc", "3", "throws", "1"});
  INFO(output);
  CHECK(status == 65);
  CHECK_THAT(output, Contains("sample 17 is broken"));
  CHECK_THAT(output, Contains("rank 1 (host") && Contains("it has ended with an error of its own"));
}

TEST_CASE("a rank that is killed is named, and the others end") {
  const std::string victim = GENERATE("0", "2");
  const auto [status, output] = run({"--nproc", "4", "killed", victim});
  INFO(output);
  CHECK(status == 128 + SIGKILL);
  CHECK_THAT(output, Contains("rank " + victim + " was killed by signal 9"));
  CHECK_THAT(output, Contains("rank " + victim + " (host"));
}

TEST_CASE("a rank that writes to one that has just died is not killed by that") {
  const auto [status, output] = run({"--nproc", "2", "broken-pipe"});
  INFO(output);
  CHECK(status == 0);
}

TEST_CASE("a rank that stands still is given up after distributed.timeout_s") {
  const auto [status, output] = run({"--nproc", "2", "--timeout", "4", "frozen", "1"});
  INFO(output);
  CHECK(status == 69);
  CHECK_THAT(output, Contains("rank 1 (host"));
}

TEST_CASE("ranks that do not come are named by those that did") {
  const auto [status, output] = run({"--nproc", "4", "--connect-timeout", "10", "missing", "1,3"});
  INFO(output);
  CHECK(status == 69);
  CHECK_THAT(output, Contains("ranks 1, 3 of 4 did not come within 10 s"));
  CHECK_THAT(output, Contains("[rank 2]"));
}

TEST_CASE("a rank 0 that does not come is named") {
  const auto outcome =
      run({"--connect-timeout", "1", "collectives"},
          {{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", std::to_string(free_port())}});
  INFO(outcome.output);
  CHECK(outcome.status == 69);
  CHECK_THAT(outcome.output, Contains("rank 0 did not come within 1 s"));
}

TEST_CASE("a port that another program holds ends the run at once with the remedy") {
  const int fd = hpcai::distributed::listen_on("127.0.0.1", 0);
  const std::string port = std::to_string(hpcai::distributed::port_of(fd));
  const auto nproc = run({"--nproc", "2", "--port", port, "collectives"});
  INFO(nproc.output);
  CHECK(nproc.status == 69);
  CHECK_THAT(nproc.output, Contains("port " + port + ": another program is listening there") && Contains("distributed.port"));
  CHECK(nproc.output.find("error", nproc.output.find("error") + 1) == std::string::npos);

  const auto outcomes = run_as({{{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", port}},
                                {{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", port}}},
                               {"collectives"});
  close(fd);
  INFO(outcomes[0].output << outcomes[1].output);
  CHECK(outcomes[0].status == 69);
  CHECK(outcomes[1].status == 69);
  CHECK_THAT(outcomes[0].output, Contains("another program is listening there"));
  CHECK_THAT(outcomes[1].output, Contains("does not answer like this program"));
}

TEST_CASE("a second run on the port of a first is told so, and the first goes on") {
  const TemporaryFolder folder;
  const std::string port = std::to_string(free_port());
  const auto slurm = [&](const std::string& job, const std::string& rank) {
    return Environment{{"SLURM_JOB_ID", job},         {"SLURM_STEP_ID", "0"},  {"SLURM_PROCID", rank},
                       {"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_LOCALID", rank}, {"SLURM_STEP_NUM_NODES", "1"},
                       {"MASTER_PORT", port}};
  };
  Program first0({"wait-for-signal", folder.path()}, slurm("1", "0")),
      first1({"wait-for-signal", folder.path()}, slurm("1", "1"));
  wait_for_ranks(folder, 2);
  const auto second = run_as({slurm("2", "0"), slurm("2", "1")}, {"collectives"});
  INFO(second[0].output << second[1].output);
  CHECK(second[0].status == 69);
  CHECK(second[1].status == 69);
  CHECK_THAT(second[0].output, Contains("another program is listening there"));
  CHECK_THAT(second[1].output, Contains("another run is meeting at 127.0.0.1, port " + port));
  const auto twin = run({"collectives"}, slurm("1", "1"));
  CHECK(twin.status == 69);
  CHECK_THAT(twin.output, Contains("two processes are rank 1"));
  for (Program* program : {&first0, &first1}) {
    kill(program->process(), SIGTERM);
    CHECK(program->status() == 75);
  }
}

TEST_CASE("each rank gets a signal exactly once, whether it comes from the terminal or to the program") {
  const TemporaryFolder folder;
  const auto [signal, to_group] = GENERATE(table<int, bool>({{SIGINT, true}, {SIGTERM, false}, {SIGUSR1, false}}));
  Program program({"--nproc", "3", "wait-for-signal", folder.path()});
  wait_for_ranks(folder, 3);
  kill(to_group ? -program.process() : program.process(), signal);
  CHECK(program.status() == 75);
  const std::string output = program.output();
  INFO(output);
  for (const std::string rank : {"0", "1", "2"}) CHECK_THAT(output, Contains("rank " + rank + " saw 1 signal"));
}

TEST_CASE("ranks die with the program that started them") {
  const TemporaryFolder folder;
  Program program({"--nproc", "3", "wait-for-signal", folder.path()});
  const auto processes = wait_for_ranks(folder, 3);
  kill(program.process(), SIGKILL);
  CHECK(program.status() == 128 + SIGKILL);
  for (pid_t process : processes) CHECK(ends(process));
}

TEST_CASE("ranks that stop and ranks that end do not agree") {
  const auto [status, output] = run({"--nproc", "2", "only-one-stops"});
  INFO(output);
  CHECK(status == 70);
}

TEST_CASE("the count of --nproc is checked, and divides the cores") {
  for (const std::string count : {"0", "-3"}) {
    const auto [status, output] = run({"--nproc", count, "collectives"});
    CHECK(status == 2);
    CHECK_THAT(output, Contains("--nproc " + count));
  }
  const auto nested =
      run({"--nproc", "2", "collectives"}, {{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "2"}, {"MASTER_ADDR", "n1"}});
  CHECK(nested.status == 2);
  CHECK_THAT(nested.output, Contains("openmpi"));

  const auto many = run({"--nproc", "9", "print-share"});
  INFO(many.output);
  CHECK(many.status == 0);
  CHECK_THAT(many.output, Contains("rank 8 of 9 is 8 of 9 on 1 host, has "));
  CHECK_THAT(run({"--nproc", "2", "print-share"}, {{"OMP_NUM_THREADS", "5"}}).output, Contains("has 5 threads"));
}
