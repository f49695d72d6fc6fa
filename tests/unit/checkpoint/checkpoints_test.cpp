#include "check.h"

#include "hpcai/checkpoint/checkpoints.h"

#include <cmath>

#include "states.h"

using namespace hpcai;
using namespace hpcai::checkpoint;
namespace fs = std::filesystem;

TEST_CASE("a saved state comes back bit for bit with its origin") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "checkpoints", 3, {.config_digest = "abc", .world_size = 4});
  checkpoints.prepare();
  CHECK_FALSE(checkpoints.load_newest());
  checkpoints.save(7, state_of(7));
  checkpoints.save(12, state_of(12));
  const auto loaded = checkpoints.load_newest();
  REQUIRE(loaded);
  CHECK(loaded->step == 12);
  CHECK(loaded->path == scratch / "checkpoints/step-00000012");
  CHECK(loaded->origin.config_digest == "abc");
  CHECK(loaded->origin.world_size == 4);
  CHECK_FALSE(loaded->program_version.empty());
  CHECK(loaded->skipped.empty());
  check_state(loaded->state, 12);
}

TEST_CASE("a checkpoint holds the four files of the design and last is a relative link to the newest") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 3);
  checkpoints.prepare();
  checkpoints.save(123, state_of(123));
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(scratch / "c/step-00000123")) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>(std::begin(kFiles), std::end(kFiles)));
  CHECK(fs::read_symlink(scratch / "c/last") == "step-00000123");
  const auto manifest = nlohmann::json::parse(slurp(scratch / "c/last/manifest.json"));
  CHECK(manifest.at("schema") == 1);
  CHECK(manifest.at("step") == 123);
  CHECK(manifest.at("files").at("model.safetensors").at("size") == fs::file_size(scratch / "c/last/model.safetensors"));
}

TEST_CASE("only the newest checkpoints and the best stay") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 2);
  checkpoints.prepare();
  for (int64_t step = 1; step <= 6; ++step) {
    checkpoints.save(step, state_of(step));
    if (step == 2) checkpoints.mark_best(step);
  }
  CHECK(checkpoints.steps() == std::vector<int64_t>{2, 5, 6});
  CHECK(load_checkpoint(scratch / "c/best").step == 2);
  checkpoints.mark_best(6);
  checkpoints.save(7, state_of(7));
  CHECK(checkpoints.steps() == std::vector<int64_t>{6, 7});
  CHECK_THROWS_AS(checkpoints.mark_best(3), std::logic_error);
}

TEST_CASE("saving a step again replaces it and leaves nothing behind") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 1);
  checkpoints.prepare();
  checkpoints.save(5, state_of(4));
  checkpoints.save(5, state_of(5));
  check_state(checkpoints.load_newest()->state, 5);
  size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(scratch / "c")) ++entries;
  CHECK(entries == 2);  // step-00000005 and last
}

TEST_CASE("steps beyond eight digits and other names in the folder are handled") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 5);
  checkpoints.prepare();
  fs::create_directories(scratch / "c/step-12");
  fs::create_directories(scratch / "c/step-000000xx");
  fs::create_directories(scratch / "c/notes");
  checkpoints.save(99'999'999, state_of(1));
  checkpoints.save(100'000'000, state_of(2));
  CHECK(checkpoints.steps() == std::vector<int64_t>{99'999'999, 100'000'000});
  CHECK(checkpoints.load_newest()->step == 100'000'000);
}

TEST_CASE("prepare removes what interrupted saves left, and nothing else") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 3);
  checkpoints.prepare();
  checkpoints.save(1, state_of(1));
  fs::create_directories(scratch / "c/.tmp-step-00000002.99999");
  spill(scratch / "c/.tmp-step-00000002.99999/model.safetensors", "half");
  fs::create_symlink("step-00000001", scratch / "c/.tmp-link-last.99999");
  spill(scratch / "c/notes.txt", "mine");
  checkpoints.prepare();
  CHECK_FALSE(fs::exists(scratch / "c/.tmp-step-00000002.99999"));
  CHECK_FALSE(fs::is_symlink(scratch / "c/.tmp-link-last.99999"));
  CHECK(slurp(scratch / "c/notes.txt") == "mine");
  CHECK(checkpoints.load_newest()->step == 1);
}

TEST_CASE("a state with a number that JSON cannot hold is refused before anything is written") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 3);
  checkpoints.prepare();
  auto state = state_of(1);
  state.state["nested"]["list"] = {1.0, NAN};
  CHECK_THROWS_AS(checkpoints.save(1, state), std::invalid_argument);
  CHECK(fs::is_empty(scratch / "c"));
}

TEST_CASE("a run folder, its checkpoints, one of them and the links can all be loaded from") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "run/checkpoints", 3);
  checkpoints.prepare();
  const fs::path run = scratch / "run", folder = run / "checkpoints";
  check_error([&] { load_checkpoint(run); }, ExitCode::missing_input, "no checkpoint");
  check_error([&] { load_checkpoint(scratch / "nowhere"); }, ExitCode::missing_input, "nowhere");
  for (int64_t step = 1; step <= 3; ++step) checkpoints.save(step, state_of(step));
  CHECK(load_checkpoint(run).step == 3);
  checkpoints.mark_best(2);
  CHECK(load_checkpoint(run).step == 2);
  CHECK(load_checkpoint(folder).step == 2);
  CHECK(load_checkpoint(folder / "last").step == 3);
  CHECK(load_checkpoint(folder / "best").step == 2);
  CHECK(load_checkpoint(folder / "step-00000001").step == 1);
  fs::remove(folder / "best");
  fs::remove(folder / "last");
  CHECK(load_checkpoint(run).step == 3);
  const auto loaded = load_checkpoint(run, Parts::model);
  CHECK(loaded.state.model.size() == 2);
  CHECK(loaded.state.optimizer.empty());
  spill(folder / "step-00000003/state.json", "{}");
  check_error([&] { load_checkpoint(run, Parts::model); }, ExitCode::bad_data, "step-00000003/state.json");
}

TEST_CASE("old checkpoints survive when the new one does not read back") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 1);
  checkpoints.prepare();
  checkpoints.save(1, state_of(1));
  // The worst kind of disk: everything is accepted, nothing is kept. A later step whose files are lost stands for it.
  checkpoints.save(3, state_of(3));
  CHECK(checkpoints.steps() == std::vector<int64_t>{3});
  spill(scratch / "c/step-00000003/model.safetensors", "");
  checkpoints.save(2, state_of(2));
  CHECK(checkpoints.steps() == std::vector<int64_t>{2, 3});
  const auto loaded = checkpoints.load_newest();
  CHECK(loaded->step == 2);
  CHECK(loaded->skipped.size() == 1);
}
