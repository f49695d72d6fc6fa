// Ranks that crash, stop or hang: every survivor names them, with host, process, phase and step, within the limit, and
// leaves with the documented status.
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <algorithm>

#include "programs.h"

using Catch::Matchers::Contains;

namespace {

constexpr int kTimeoutS = 6;
// The limit itself is generous for a busy machine: it counts the start of the program too.
constexpr std::chrono::seconds kEndS{60};

// The ranks of a launcher that only sets RANK and its like, so that each has an exit status of its own.
struct World {
  std::vector<std::unique_ptr<Program>> ranks;

  World(int size, const Words& words) {
    const std::string port = std::to_string(free_port());
    for (int rank = 0; rank < size; ++rank) {
      Words arguments{"--timeout", std::to_string(kTimeoutS), "--connect-timeout", "30"};
      arguments.insert(arguments.end(), words.begin(), words.end());
      ranks.push_back(std::make_unique<Program>(arguments, Environment{{"RANK", std::to_string(rank)},
                                                                       {"WORLD_SIZE", std::to_string(size)},
                                                                       {"MASTER_ADDR", "127.0.0.1"},
                                                                       {"MASTER_PORT", port},
                                                                       {"OMP_NUM_THREADS", "1"}}));
    }
  }
};

// What each survivor must say of the victim.
void check_survivors(World& world, int victim, int status, const std::string& place, const std::string& why) {
  const std::string name = fmt::format("rank {} (host {}, process {}), in {},", victim, hpcai::distributed::host_name(),
                                       world.ranks[static_cast<size_t>(victim)]->process(), place);
  for (size_t rank = 0; rank < world.ranks.size(); ++rank) {
    if (static_cast<int>(rank) == victim) continue;
    const auto ended = world.ranks[rank]->status_within(kEndS);
    INFO("rank " << rank << ":\n" << world.ranks[rank]->output());
    REQUIRE(ended);
    CHECK(*ended == status);
    CHECK_THAT(world.ranks[rank]->output(), Contains(name) && Contains(why));
    // One sentence and its remedy, no stack traces.
    const std::string output = world.ranks[rank]->output();
    CHECK(std::count(output.begin(), output.end(), '\n') <= 3);
  }
}

}  // namespace

TEST_CASE("a rank that crashes is named by all others with host, process, phase and step") {
  const auto [size, victim, how] = GENERATE(table<int, int, std::string>(
      {{2, 0, "kill"}, {2, 1, "kill"}, {4, 0, "kill"}, {4, 2, "kill"}, {4, 0, "crash"}, {4, 3, "crash"}}));
  World world(size, {"lose", fmt::format("{} {}", victim, how)});
  check_survivors(world, victim, 69, "the forward and backward pass of step 5", "its process has ended");
}

TEST_CASE("a rank that is stopped is named by all others within distributed.timeout_s") {
  const auto [size, victim] = GENERATE(table<int, int>({{2, 0}, {2, 1}, {4, 0}, {4, 3}}));
  World world(size, {"lose", fmt::format("{} stop", victim)});
  check_survivors(world, victim, 69, "the forward and backward pass of step 5", "no sign of life for");
}

TEST_CASE("a rank that lives but makes no progress is named by all, itself included, with status 80") {
  const auto [size, victim] = GENERATE(table<int, int>({{2, 0}, {2, 1}, {4, 0}, {4, 3}}));
  World world(size, {"lose", fmt::format("{} hang", victim)});
  check_survivors(world, victim, 80, "the forward and backward pass of step 5", "has made no progress for");
  const auto itself = world.ranks[static_cast<size_t>(victim)]->status_within(kEndS);
  REQUIRE(itself);
  CHECK(*itself == 80);
}

TEST_CASE("ranks that hang all alike, and one that hangs alone, end with status 80, too") {
  const int ranks = GENERATE(1, 3);
  const auto [status, output] =
      run({"--timeout", "1", "--connect-timeout", "30", "--nproc", std::to_string(ranks), "hang-alike"});
  INFO(output);
  CHECK(status == 80);
  // On a busy machine one rank may find out before the others and end them.
  CHECK_THAT(output,
             Contains(", in the wait for input of step 5, has made no progress for") && Contains("rank ") && Contains(" (host"));
}

TEST_CASE("a rank that is lost while a part of the ranks exchanges is named by all") {
  const auto [how, status, why] = GENERATE(
      table<std::string, int, std::string>({{"kill", 69, "its process has ended"}, {"hang", 80, "has made no progress for"}}));
  World world(4, {"lose-in-part", "3 " + how});
  check_survivors(world, 3, status, "the forward and backward pass of step 5", why);
}

TEST_CASE("a rank that is slow, but shows progress or writes a checkpoint, is no hang") {
  const std::string how = GENERATE("slow", "save", "first");
  const auto [status, output] = run({"--timeout", "4", "--connect-timeout", "30", "--nproc", "2", "slow", how});
  INFO(output);
  CHECK(status == 0);
}

TEST_CASE("a checkpoint that is being written when a rank is lost is finished") {
  const TemporaryFolder folder;
  World world(2, {"lost-while-saving", folder / "saved"});
  const auto status = world.ranks[0]->status_within(kEndS);
  INFO(world.ranks[0]->output());
  REQUIRE(status);
  CHECK(*status == 69);
  CHECK(std::filesystem::exists(folder / "saved"));
}

TEST_CASE("an error that all ranks share keeps its own status on all of them") {
  World world(4, {"shared-error"});
  for (const auto& rank : world.ranks) {
    const auto status = rank->status_within(kEndS);
    INFO(rank->output());
    REQUIRE(status);
    CHECK(*status == 79);
  }
}

TEST_CASE("a whole run that was stopped and continued goes on") {
  const TemporaryFolder folder;
  World world(3, {"pausable", folder.path()});
  const auto processes = wait_for_ranks(folder, 3);
  for (const pid_t process : processes) kill(process, SIGSTOP);
  std::this_thread::sleep_for(std::chrono::seconds(kTimeoutS + 2));
  for (const pid_t process : processes) kill(process, SIGCONT);
  for (const auto& rank : world.ranks) {
    const auto status = rank->status_within(kEndS);
    INFO(rank->output());
    REQUIRE(status);
    CHECK(*status == 0);
  }
}

TEST_CASE("stopped ranks die with the program that started them") {
  const TemporaryFolder folder;
  Program program({"--nproc", "3", "wait-for-signal", folder.path()});
  const auto processes = wait_for_ranks(folder, 3);
  for (const pid_t process : processes) kill(process, SIGSTOP);
  kill(program.process(), SIGKILL);
  CHECK(program.status() == 128 + SIGKILL);
  for (const pid_t process : processes) CHECK(ends(process));
}

TEST_CASE("a rank that dies while the ranks add in shared memory does not hold the others") {
  const auto [size, victim] = GENERATE(table<int, int>({{2, 0}, {2, 1}, {4, 2}}));
  World world(size, {"killed-while-adding", std::to_string(victim)});
  for (int rank = 0; rank < size; ++rank) {
    if (rank == victim) continue;
    const auto ended = world.ranks[static_cast<size_t>(rank)]->status_within(kEndS);
    INFO("rank " << rank << ":\n" << world.ranks[static_cast<size_t>(rank)]->output());
    REQUIRE(ended);
    CHECK(*ended == 69);
    CHECK_THAT(world.ranks[static_cast<size_t>(rank)]->output(), Contains(fmt::format("rank {} (host ", victim)));
  }
}
