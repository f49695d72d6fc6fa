#include "check.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "gate.h"
#include "states.h"

using namespace hpcai;
using namespace hpcai::checkpoint;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

using Steps = std::vector<int64_t>;

#ifndef __SANITIZE_ADDRESS__
// Bytes of address space that this process uses.
rlim_t used_memory() {
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}
#endif

}  // namespace

TEST_CASE("save returns before the state is written, and what is written is the state of that moment") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 3);
  checkpoints.prepare();
  Gate gate(checkpoints);
  auto state = state_of(1);
  checkpoints.save(1, state);
  for (auto& [name, tensor] : state.model) tensor.zero_();  // training goes on
  for (auto& [name, tensor] : state.optimizer) tensor.fill_(7);
  CHECK(checkpoints.steps().empty());
  CHECK_FALSE(checkpoints.last_saved());
  CHECK_FALSE(checkpoints.trouble());
  CHECK_FALSE(checkpoints.failed());
  gate.open();
  checkpoints.finish();
  CHECK(checkpoints.last_saved() == 1);
  check_state(checkpoints.load_newest()->state, 1);
}

TEST_CASE("of the states that wait for a slow disk the newest and the best are written, the oldest first") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 9);
  checkpoints.prepare();
  Gate gate(checkpoints);
  for (const int64_t step : {1, 2, 3, 4, 5}) checkpoints.save(step, state_of(step), /*best=*/step == 3);
  gate.open();
  checkpoints.finish();
  Steps steps = checkpoints.steps();
  CHECK(steps.size() <= 3);  // one other may have been the newest when the thread began
  std::erase_if(steps, [](int64_t step) { return step != 3 && step != 5; });
  CHECK(steps == Steps{3, 5});
  for (const int64_t step : checkpoints.steps()) check_state(load_checkpoint(checkpoints.path_of(step)).state, step);
  CHECK(fs::read_symlink(scratch / "c/best") == "step-00000003");
  CHECK(fs::read_symlink(scratch / "c/last") == "step-00000005");
}

TEST_CASE("a state that is being written while a newer one replaces it keeps its bits") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 9);
  checkpoints.prepare();
  for (int64_t round = 0; round < 20; ++round) {
    const int64_t step = 3 * round;
    Gate gate(checkpoints);
    for (int64_t i = 1; i <= 3; ++i) checkpoints.save(step + i, state_of(step + i), /*best=*/i == 2);
    gate.open();
    checkpoints.save(step + 3, state_of(step + 3), true);
    checkpoints.settle();
    for (const int64_t saved : checkpoints.steps()) check_state(load_checkpoint(checkpoints.path_of(saved)).state, saved);
    CHECK(checkpoints.load_newest()->step == step + 3);
  }
}

TEST_CASE("the end of training and the end of the object wait for the write") {
  const Scratch scratch;
  for (const bool finishes : {true, false}) {
    std::optional<Checkpoints> checkpoints(std::in_place, scratch / "c", 3);
    checkpoints->prepare();
    Gate gate(*checkpoints);
    const int64_t step = finishes ? 1 : 2;
    checkpoints->save(step, state_of(step));
    std::thread later([&] {
      std::this_thread::sleep_for(100ms);
      gate.open();
    });
    if (finishes) checkpoints->finish();
    checkpoints.reset();
    check_state(Checkpoints(scratch / "c", 3).load_newest()->state, step);
    later.join();
  }
}

TEST_CASE("a disk that does not answer for max_unsaved_s ends training") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 3, {}, /*max_unsaved_s=*/0.1);
  checkpoints.prepare();
  Gate gate(checkpoints);
  checkpoints.save(1, state_of(1));
  REQUIRE(comes_true([&] { return checkpoints.trouble().has_value(); }));
  CHECK_THAT(checkpoints.trouble()->reason, Catch::Contains("step 1 is being written"));
  check_error([&] { checkpoints.save(2, state_of(2)); }, ExitCode::cannot_write, "checkpoint.max_unsaved_s");
  gate.open();
  REQUIRE(comes_true([&] { return !checkpoints.trouble(); }));
  checkpoints.finish();
  CHECK_FALSE(checkpoints.failed());
  CHECK(checkpoints.steps() == Steps{1});
}

TEST_CASE("the end of training does not wait for ever for a disk that does not answer") {
  const Scratch scratch;
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    Checkpoints checkpoints(scratch / "c", 3, {}, /*max_unsaved_s=*/0.1);
    checkpoints.prepare();
    Gate gate(checkpoints);
    checkpoints.save(1, state_of(1));
    checkpoints.finish();
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == static_cast<int>(ExitCode::cannot_write));
}

TEST_CASE("an exception of the thread reaches the training, whatever it is") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 3, {}, /*max_unsaved_s=*/60);
  checkpoints.prepare();
  auto state = state_of(1);
  state.model.emplace_back("complex", at::zeros({2}, at::kComplexFloat));  // no type of a checkpoint
  checkpoints.save(1, state);
  REQUIRE(comes_true([&] { return checkpoints.failed(); }));
  CHECK_THAT(checkpoints.trouble()->reason, Catch::Contains("complex"));
  CHECK_THROWS_AS(checkpoints.save(2, state_of(2)), std::invalid_argument);
  CHECK_THROWS_AS(checkpoints.finish(), std::invalid_argument);
  CHECK(fs::is_empty(scratch / "c"));
}

TEST_CASE("a state that diverges is told with the checkpoint that was being written before") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 3);
  checkpoints.prepare();
  Gate gate(checkpoints);
  checkpoints.save(1, state_of(1));
  auto bad = state_of(2);
  bad.model[0].second.fill_(std::numeric_limits<double>::infinity());
  gate.open();
  check_error([&] { checkpoints.save(2, bad); }, ExitCode::diverged, "the last checkpoint on disk is of step 1");
}

#ifndef __SANITIZE_ADDRESS__  // the sanitizer's own memory leaves no limit to set
TEST_CASE("where memory for a copy is missing, training waits until the state is written") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 3);
  checkpoints.prepare();
  auto state = state_of(1);
  state.model.emplace_back("large", at::full({64 << 18}, 3.5f));  // 64 MiB
  struct rlimit before {};
  getrlimit(RLIMIT_AS, &before);
  const struct rlimit limit { used_memory() + (rlim_t{48} << 20), before.rlim_max };
  setrlimit(RLIMIT_AS, &limit);
  checkpoints.save(1, state);
  const bool is_written = checkpoints.steps() == Steps{1};
  setrlimit(RLIMIT_AS, &before);
  CHECK(is_written);
  CHECK(checkpoints.last_saved() == 1);
  const auto loaded = checkpoints.load_newest();
  REQUIRE(loaded);
  CHECK(at::equal(loaded->state.model[1].second, state.model[2].second));  // in the order of the names
  save_now(checkpoints, 2, state_of(2));
  CHECK(checkpoints.steps() == Steps{1, 2});
}
#endif
