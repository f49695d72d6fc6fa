#include "hpcai/checkpoint/unsaved.h"

#include <thread>

#include "check.h"
#include "gate.h"
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

TEST_CASE("the wait between attempts doubles up to a minute and ends when the patience does") {
  Unsaved unsaved(1800);
  const auto state = std::make_shared<Unsaved::State>();
  unsaved.keep(state);
  const Unsaved::Clock::time_point start{};
  std::vector<double> pauses;
  for (int i = 0; i < 8; ++i) {
    unsaved.failed(start);
    pauses.push_back(unsaved.pause_s());
  }
  CHECK(pauses == std::vector<double>{1, 2, 4, 8, 16, 32, 60, 60});
  CHECK(unsaved.rests(start + 59s));
  CHECK_FALSE(unsaved.rests(start + 61s));
  unsaved.failed(start + 1790s);
  CHECK(unsaved.next_try() == start + 1800s);
  CHECK_FALSE(unsaved.overdue(start + 1800s));
  CHECK(unsaved.overdue(start + 1801s));
  unsaved.saved(state);
  CHECK(unsaved.empty());
  CHECK_FALSE(unsaved.overdue(start + 1801s));
}

TEST_CASE("of the states that wait only the newest and the best are kept") {
  Unsaved unsaved(1800);
  const auto keep = [&](int64_t step, bool best) {
    const auto removed = unsaved.supersede(best);
    unsaved.keep(std::make_shared<Unsaved::State>(Unsaved::State{step, best}));
    std::vector<int64_t> steps{removed ? removed->step : 0};
    for (const auto& waiting : unsaved.states()) steps.push_back(waiting->step);
    return steps;
  };
  using Steps = std::vector<int64_t>;  // of the removed state, then of those that wait
  CHECK(keep(1, false) == Steps{0, 1});
  CHECK(keep(2, true) == Steps{1, 2});
  CHECK(keep(3, false) == Steps{0, 2, 3});
  CHECK(keep(4, false) == Steps{3, 2, 4});
  const auto written = unsaved.states().front();
  CHECK(keep(5, true) == Steps{4, 5});
  CHECK(written->step == 2);
  const auto present = unsaved.states().front();
  CHECK(keep(6, true) == Steps{0, 6});  // another thread holds the state of step 5
}

TEST_CASE("training goes on while nothing can be saved, and what waited is saved once that is possible") {
  Disk disk;
  Checkpoints checkpoints(disk.folder, 3, {}, /*max_unsaved_s=*/60);
  checkpoints.prepare();
  save_now(checkpoints, 1, state_of(1));
  disk.fail();
  auto state = state_of(2);
  checkpoints.save(2, state, /*best=*/true);
  for (auto& [name, tensor] : state.model) tensor.zero_();  // training goes on
  REQUIRE(comes_true([&] { return checkpoints.trouble().has_value(); }));
  checkpoints.save(3, state_of(3));
  CHECK_FALSE(checkpoints.failed());
  disk.recover();
  CHECK(comes_true([&] { return checkpoints.steps().size() == 3; }));
  CHECK(checkpoints.steps() == std::vector<int64_t>{1, 2, 3});
  check_state(checkpoints.load_newest()->state, 3);
  check_state(load_checkpoint(disk.folder / "best").state, 2);
  CHECK(fs::read_symlink(disk.folder / "last") == "step-00000003");
  CHECK_NOTHROW(checkpoints.finish());
  CHECK_FALSE(checkpoints.trouble());
}

TEST_CASE("a later state takes the place of one that waits, but for the best") {
  Disk disk;
  Checkpoints checkpoints(disk.folder, 5, {}, 60);
  checkpoints.prepare();
  disk.fail();
  save_now(checkpoints, 1, state_of(1), true);
  save_now(checkpoints, 2, state_of(2));
  disk.recover();
  save_now(checkpoints, 3, state_of(3));
  checkpoints.finish();
  CHECK(checkpoints.steps() == std::vector<int64_t>{1, 3});
  CHECK(load_checkpoint(disk.folder / "best").step == 1);
  CHECK(fs::read_symlink(disk.folder / "last") == "step-00000003");
}

TEST_CASE("after max_unsaved_s the failure to save ends the run with its reason, and the last checkpoint stays") {
  Disk disk;
  Checkpoints checkpoints(disk.folder, 3, {}, /*max_unsaved_s=*/0.2);
  checkpoints.prepare();
  save_now(checkpoints, 1, state_of(1));
  disk.fail();
  CHECK_NOTHROW(checkpoints.save(2, state_of(2)));
  REQUIRE(comes_true([&] { return checkpoints.failed(); }));
  check_error([&] { checkpoints.save(3, state_of(3)); }, ExitCode::cannot_write, "checkpoint.max_unsaved_s");
  disk.recover();
  CHECK(checkpoints.load_newest()->step == 1);
}

TEST_CASE("what still waits at the end is tried again before the run fails") {
  for (const bool recovers : {false, true}) {
    Disk disk;
    Checkpoints checkpoints(disk.folder, 3, {}, /*max_unsaved_s=*/recovers ? 60 : 1.5);
    checkpoints.prepare();
    disk.fail();
    save_now(checkpoints, 2, state_of(2));
    if (!recovers) {
      check_error([&] { checkpoints.finish(); }, ExitCode::cannot_write, "step 2 could not be saved");
      continue;
    }
    std::thread repair([&] {
      std::this_thread::sleep_for(300ms);
      disk.recover();
    });
    CHECK_NOTHROW(checkpoints.finish());
    repair.join();
    CHECK(checkpoints.load_newest()->step == 2);
  }
}

TEST_CASE("where nothing may wait, the first failure ends the run") {
  Disk disk;
  Checkpoints checkpoints(disk.folder, 3);
  checkpoints.prepare();
  disk.fail();
  checkpoints.save(2, state_of(2));
  CHECK(comes_true([&] { return checkpoints.failed(); }));
  check_error([&] { checkpoints.save(3, state_of(3)); }, ExitCode::cannot_write, "moved");
  check_error([&] { checkpoints.finish(); }, ExitCode::cannot_write, "moved");
}

TEST_CASE("nothing is saved where the folder was, and saving goes on when it is back") {
  const Scratch scratch;
  const fs::path folder = scratch / "run/checkpoints";
  Checkpoints checkpoints(folder, 3, {}, /*max_unsaved_s=*/60);
  checkpoints.prepare();
  CHECK_FALSE(checkpoints.last_saved());
  save_now(checkpoints, 1, state_of(1));
  CHECK_FALSE(checkpoints.trouble());
  CHECK(checkpoints.last_saved() == 1);
  fs::rename(scratch / "run", scratch / "moved");
  checkpoints.save(2, state_of(2));
  REQUIRE(comes_true([&] { return checkpoints.trouble().has_value(); }));
  CHECK_THAT(checkpoints.trouble()->reason, Catch::Contains("run/checkpoints of this run was moved, removed or replaced"));
  CHECK_FALSE(fs::exists(scratch / "run"));
  fs::create_directories(folder);  // another folder of that name
  std::this_thread::sleep_for(1100ms);
  CHECK(checkpoints.trouble());
  CHECK(fs::is_empty(folder));
  fs::remove_all(scratch / "run");
  fs::rename(scratch / "moved", scratch / "run");
  checkpoints.finish();
  CHECK_FALSE(checkpoints.trouble());
  CHECK(checkpoints.steps() == std::vector<int64_t>{1, 2});
}
