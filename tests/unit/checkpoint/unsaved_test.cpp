#include "hpcai/checkpoint/unsaved.h"

#include <thread>

#include "check.h"
#include "states.h"

using namespace hpcai;
using namespace hpcai::checkpoint;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// A folder checkpoints/ that can be made impossible to write to, also for root: a file stands where it was.
struct Disk {
  Scratch scratch;
  fs::path folder = scratch / "c", hidden = scratch / "hidden";

  void fail() {
    fs::rename(folder, hidden);
    spill(folder, "");
  }
  void recover() {
    fs::remove(folder);
    fs::rename(hidden, folder);
  }
};

}  // namespace

TEST_CASE("the wait between attempts doubles up to a minute, and is long beside the attempt") {
  Unsaved unsaved(1800);
  unsaved.keep({1, false, state_of(1)});
  const Unsaved::Clock::time_point start{};
  std::vector<double> pauses;
  for (int i = 0; i < 8; ++i) {
    unsaved.failed(start, 0.001);
    pauses.push_back(unsaved.pause_s());
  }
  CHECK(pauses == std::vector<double>{1, 2, 4, 8, 16, 32, 60, 60});
  unsaved.failed(start, 10);
  CHECK(unsaved.pause_s() == 200);
  CHECK(unsaved.rests(start + 199s));
  CHECK_FALSE(unsaved.rests(start + 201s));
  CHECK_FALSE(unsaved.overdue(start + 1800s));
  CHECK(unsaved.overdue(start + 1801s));
  unsaved.saved_first();
  CHECK(unsaved.empty());
  CHECK_FALSE(unsaved.overdue(start + 1801s));
}

TEST_CASE("of the states that wait only the newest and the best are kept, and they do not change with the weights") {
  Unsaved unsaved(1800);
  auto state = state_of(1);
  const auto keep = [&](int64_t step, bool best) {
    unsaved.supersede(best);
    unsaved.keep({step, best, state});
    std::vector<int64_t> steps;
    for (const auto& waiting : unsaved.states()) steps.push_back(waiting.step);
    return steps;
  };
  CHECK(keep(1, false) == std::vector<int64_t>{1});
  state.model[0].second.fill_(7);
  CHECK(at::equal(unsaved.states()[0].state.model[0].second, state_of(1).model[0].second));
  CHECK(keep(2, true) == std::vector<int64_t>{2});
  CHECK(keep(3, false) == std::vector<int64_t>{2, 3});
  CHECK(keep(4, false) == std::vector<int64_t>{2, 4});
  CHECK(keep(5, true) == std::vector<int64_t>{5});
}

TEST_CASE("training goes on while nothing can be saved, and what waited is saved once that is possible") {
  Disk disk;
  Checkpoints checkpoints(disk.folder, 3, {}, /*max_unsaved_s=*/60);
  checkpoints.prepare();
  checkpoints.save(1, state_of(1));
  CHECK_FALSE(checkpoints.retry_due());
  disk.fail();
  auto state = state_of(2);
  CHECK_NOTHROW(checkpoints.save(2, state, /*best=*/true));
  for (auto& [name, tensor] : state.model) tensor.zero_();  // training goes on
  CHECK_NOTHROW(checkpoints.save(3, state_of(3)));
  CHECK_FALSE(checkpoints.retry_due());  // the time for the next attempt has not come
  CHECK_NOTHROW(checkpoints.retry());
  CHECK_FALSE(checkpoints.overdue());
  disk.recover();
  CHECK(checkpoints.steps() == std::vector<int64_t>{1});
  const auto end = Unsaved::Clock::now() + 20s;
  while (checkpoints.steps().size() < 3 && Unsaved::Clock::now() < end) {
    std::this_thread::sleep_for(50ms);
    checkpoints.retry();
  }
  CHECK(checkpoints.steps() == std::vector<int64_t>{1, 2, 3});
  check_state(checkpoints.load_newest()->state, 3);
  check_state(load_checkpoint(disk.folder / "best").state, 2);
  CHECK(fs::read_symlink(disk.folder / "last") == "step-00000003");
  CHECK_NOTHROW(checkpoints.finish());
}

TEST_CASE("a later state takes the place of one that waits, but for the best") {
  Disk disk;
  Checkpoints checkpoints(disk.folder, 5, {}, 60);
  checkpoints.prepare();
  disk.fail();
  checkpoints.save(1, state_of(1), true);
  checkpoints.save(2, state_of(2));
  disk.recover();
  checkpoints.save(3, state_of(3));
  CHECK(checkpoints.steps().empty());  // the time for the next attempt has not come
  checkpoints.finish();
  CHECK(checkpoints.steps() == std::vector<int64_t>{1, 3});
  CHECK(load_checkpoint(disk.folder / "best").step == 1);
  CHECK(fs::read_symlink(disk.folder / "last") == "step-00000003");
}

TEST_CASE("after max_unsaved_s the failure to save ends the run with its reason, and the last checkpoint stays") {
  Disk disk;
  Checkpoints checkpoints(disk.folder, 3, {}, /*max_unsaved_s=*/0.2);
  checkpoints.prepare();
  checkpoints.save(1, state_of(1));
  disk.fail();
  CHECK_NOTHROW(checkpoints.save(2, state_of(2)));
  std::this_thread::sleep_for(300ms);
  CHECK(checkpoints.overdue());
  CHECK(checkpoints.retry_due());
  check_error([&] { checkpoints.save(3, state_of(3)); }, ExitCode::cannot_write, "checkpoint.max_unsaved_s");
  disk.recover();
  CHECK(checkpoints.load_newest()->step == 1);
}

TEST_CASE("what still waits at the end is tried again before the run fails") {
  Disk disk;
  Checkpoints checkpoints(disk.folder, 3, {}, /*max_unsaved_s=*/1.5);
  checkpoints.prepare();
  disk.fail();
  checkpoints.save(2, state_of(2));
  check_error([&] { checkpoints.finish(); }, ExitCode::cannot_write, "step 2 could not be saved");
  std::thread repair([&] {
    std::this_thread::sleep_for(300ms);
    disk.recover();
  });
  CHECK_NOTHROW(checkpoints.finish());
  repair.join();
  CHECK(checkpoints.load_newest()->step == 2);
}

TEST_CASE("where nothing may wait, the first failure ends the run") {
  Disk disk;
  Checkpoints checkpoints(disk.folder, 3);
  checkpoints.prepare();
  disk.fail();
  check_error([&] { checkpoints.save(2, state_of(2)); }, ExitCode::cannot_write, "moved");
  CHECK_FALSE(checkpoints.overdue());
}

TEST_CASE("nothing is saved where the folder was, and saving goes on when it is back") {
  const Scratch scratch;
  const fs::path folder = scratch / "run/checkpoints";
  Checkpoints checkpoints(folder, 3, {}, /*max_unsaved_s=*/60);
  checkpoints.prepare();
  CHECK_FALSE(checkpoints.last_saved());
  checkpoints.save(1, state_of(1));
  CHECK_FALSE(checkpoints.trouble());
  CHECK(checkpoints.last_saved() == 1);
  fs::rename(scratch / "run", scratch / "moved");
  checkpoints.save(2, state_of(2));
  REQUIRE(checkpoints.trouble());
  CHECK_THAT(checkpoints.trouble()->reason, Catch::Contains("run/checkpoints of this run was moved, removed or replaced"));
  CHECK_FALSE(fs::exists(scratch / "run"));
  fs::create_directories(folder);  // another folder of that name
  std::this_thread::sleep_for(1100ms);
  checkpoints.retry();
  CHECK(checkpoints.trouble());
  CHECK(fs::is_empty(folder));
  fs::remove_all(scratch / "run");
  fs::rename(scratch / "moved", scratch / "run");
  checkpoints.finish();
  CHECK_FALSE(checkpoints.trouble());
  CHECK(checkpoints.steps() == std::vector<int64_t>{1, 2});
}
