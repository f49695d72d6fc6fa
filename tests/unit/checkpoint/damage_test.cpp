#include "check.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hpcai/core/random.h"
#include "states.h"

using namespace hpcai;
using namespace hpcai::checkpoint;
namespace fs = std::filesystem;

namespace {

// Checkpoints of the steps 1, 2 and 3, of which the newest is to be damaged.
struct Run {
  Scratch scratch;
  Checkpoints checkpoints{scratch / "c", 3};
  fs::path newest = scratch / "c/step-00000003";

  Run() {
    checkpoints.prepare();
    for (int64_t step = 1; step <= 3; ++step) save_now(checkpoints, step, state_of(step));
  }

  void check_falls_back(const std::string& file) {
    const auto loaded = checkpoints.load_newest();
    REQUIRE(loaded);
    CHECK(loaded->step == 2);
    check_state(loaded->state, 2);
    REQUIRE(loaded->skipped.size() == 1);
    CHECK_THAT(loaded->skipped[0], Catch::Contains("step-00000003/" + file));
  }
};

}  // namespace

TEST_CASE("a checkpoint with a file cut anywhere is skipped and the file named") {
  Run run;
  for (const char* name : kFiles) {
    const std::string whole = slurp(run.newest / name);
    for (size_t size = 0; size < whole.size(); size += 1 + whole.size() / 23) {
      INFO(name << " cut to " << size);
      spill(run.newest / name, whole.substr(0, size));
      run.check_falls_back(name);
    }
    spill(run.newest / name, whole + " ");
    run.check_falls_back(name);
    spill(run.newest / name, whole);
    CHECK(run.checkpoints.load_newest()->step == 3);
  }
}

TEST_CASE("any flipped bit in any file of a checkpoint is detected and the file named") {
  Run run;
  Random random(2, 0, 0, Purpose::test);
  for (const char* name : kFiles) {
    const std::string whole = slurp(run.newest / name);
    for (int round = 0; round < 60; ++round) {
      std::string damaged = whole;
      const uint64_t bit = random.below(8 * whole.size());
      damaged[bit / 8] ^= static_cast<char>(1U << (bit % 8));
      INFO(name << ", bit " << bit);
      spill(run.newest / name, damaged);
      run.check_falls_back(name);
    }
    spill(run.newest / name, whole);
  }
  CHECK(run.checkpoints.load_newest()->step == 3);
}

TEST_CASE("a missing file, a file in place of the folder and a renamed checkpoint are skipped") {
  for (const char* name : kFiles) {
    Run run;
    fs::remove(run.newest / name);
    run.check_falls_back(name);
  }
  Run run;
  fs::remove_all(run.newest);
  spill(run.newest, "not a folder");
  run.check_falls_back("");
  fs::remove(run.newest);
  fs::copy(run.scratch / "c/step-00000001", run.newest);
  const auto loaded = run.checkpoints.load_newest();
  CHECK(loaded->step == 2);
  CHECK_THAT(loaded->skipped.at(0), Catch::Contains("is of step 1"));
}

TEST_CASE("when no checkpoint verifies, the error names the reason for each") {
  Run run;
  for (int64_t step = 1; step <= 3; ++step) spill(run.checkpoints.path_of(step) / "state.json", "x");
  for (const char* step : {"step-00000001/state.json", "step-00000002/state.json", "step-00000003/state.json"}) {
    check_error([&] { run.checkpoints.load_newest(); }, ExitCode::cannot_resume, step);
  }
}

TEST_CASE("after a crash at any moment of a save the newest whole checkpoint is loaded") {
  // The order of a save: files under the temporary name, one after the other and each in parts; the rename; the link.
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 3);
  checkpoints.prepare();
  save_now(checkpoints, 1, state_of(1));
  save_now(checkpoints, 2, state_of(2));
  const fs::path visible = scratch / "c/step-00000002", temporary = scratch / "c/.tmp-step-00000002.77777";
  const fs::path finished = scratch / "finished";
  fs::rename(visible, finished);
  fs::remove(scratch / "c/last");
  fs::create_symlink("step-00000001", scratch / "c/last");
  fs::create_directory(temporary);
  for (const char* name : {"model.safetensors", "optimizer.safetensors", "state.json", "manifest.json"}) {
    const std::string whole = slurp(finished / name);
    for (const size_t size : {size_t{0}, whole.size() / 2, whole.size()}) {
      spill(temporary / name, whole.substr(0, size));
      Checkpoints restarted(scratch / "c", 3);
      CHECK(restarted.load_newest()->step == 1);
      CHECK(restarted.load_newest()->skipped.empty());
      CHECK(load_checkpoint(scratch / "c").step == 1);
    }
  }
  fs::rename(temporary, visible);  // renamed, but `last` has not moved
  CHECK(checkpoints.load_newest()->step == 2);
  CHECK(load_checkpoint(scratch / "c").step == 2);  // the last is the newest that verifies, wherever the link leads
  checkpoints.prepare();
  save_now(checkpoints, 3, state_of(3));
  CHECK(checkpoints.load_newest()->step == 3);
}

TEST_CASE("a file that cannot be written whole gives an error and leaves no checkpoint") {
  Run run;
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  auto large = state_of(4);
  large.optimizer.emplace_back("more", at::zeros({10'000}));
  const struct rlimit limit { 20'000, before.rlim_max };
  setrlimit(RLIMIT_FSIZE, &limit);
  run.checkpoints.save(4, large);
  check_error([&] { run.checkpoints.finish(); }, ExitCode::cannot_write, "optimizer.safetensors");
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  CHECK(run.checkpoints.steps() == std::vector<int64_t>{1, 2, 3});
  for (const auto& entry : fs::directory_iterator(run.scratch / "c")) {
    CHECK_FALSE(entry.path().filename().string().starts_with(".tmp-"));
  }
  CHECK(fs::read_symlink(run.scratch / "c/last") == "step-00000003");
}

TEST_CASE("a folder that cannot be created is named") {
  const Scratch scratch;
  spill(scratch / "file", "");
  Checkpoints checkpoints(scratch / "file/checkpoints", 3);
  check_error([&] { checkpoints.prepare(); }, ExitCode::cannot_write, "file/checkpoints");
}

TEST_CASE("a full disk gives its error, no half checkpoint, and room once there is some again") {
  const Scratch scratch;
  // In a child with its own mounts, so that the tiny file system vanishes with it.
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", scratch.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
      _exit(77);
    }
    Checkpoints checkpoints(scratch / "c", 3, {}, /*max_unsaved_s=*/60);
    checkpoints.prepare();
    save_now(checkpoints, 1, state_of(1));
    auto large = state_of(2);
    large.model.emplace_back("more", at::zeros({20'000}));
    save_now(checkpoints, 2, large);
    const auto trouble = checkpoints.trouble();
    if (!trouble || trouble->reason.find("No space left") == std::string::npos) _exit(1);
    if (checkpoints.steps() != std::vector<int64_t>{1}) _exit(2);
    checkpoints.save(3, state_of(3));
    checkpoints.finish();
    _exit(checkpoints.load_newest()->step == 3 ? 0 : 3);
  }
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) {
    WARN("skipped: this process may not mount a tiny file system");
    return;
  }
  CHECK(WEXITSTATUS(status) == 0);
}
