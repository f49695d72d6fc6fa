#include "check.h"

#include "hpcai/checkpoint/checkpoints.h"

#include <cmath>
#include <functional>

#include "states.h"

using namespace hpcai;
using namespace hpcai::checkpoint;
namespace fs = std::filesystem;

TEST_CASE("a saved state comes back bit for bit with its origin") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "checkpoints", 3, {.config_digest = "abc", .world_size = 4});
  checkpoints.prepare();
  CHECK_FALSE(checkpoints.load_newest());
  save_now(checkpoints, 7, state_of(7));
  save_now(checkpoints, 12, state_of(12));
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
  save_now(checkpoints, 123, state_of(123));
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
    save_now(checkpoints, step, state_of(step), step == 2);
  }
  CHECK(checkpoints.steps() == std::vector<int64_t>{2, 5, 6});
  CHECK(load_checkpoint(scratch / "c/best").step == 2);
  save_now(checkpoints, 7, state_of(7), true);
  save_now(checkpoints, 8, state_of(8));
  CHECK(checkpoints.steps() == std::vector<int64_t>{7, 8});
  CHECK(load_checkpoint(scratch / "c/best").step == 7);
  save_now(checkpoints, 7, state_of(7));  // saved again, it stays the best
  save_now(checkpoints, 9, state_of(9));
  save_now(checkpoints, 10, state_of(10));
  CHECK(load_checkpoint(scratch / "c/best").step == 7);
}

TEST_CASE("saving a step again replaces it and leaves nothing behind") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 1);
  checkpoints.prepare();
  save_now(checkpoints, 5, state_of(4));
  save_now(checkpoints, 5, state_of(5));
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
  save_now(checkpoints, 99'999'999, state_of(1));
  save_now(checkpoints, 100'000'000, state_of(2));
  CHECK(checkpoints.steps() == std::vector<int64_t>{99'999'999, 100'000'000});
  CHECK(checkpoints.load_newest()->step == 100'000'000);
}

TEST_CASE("prepare removes what interrupted saves left, and nothing else") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 3);
  checkpoints.prepare();
  save_now(checkpoints, 1, state_of(1));
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
  CHECK_THROWS_AS(save_now(checkpoints, 1, state), std::invalid_argument);
  CHECK(fs::is_empty(scratch / "c"));
}

TEST_CASE("a run folder, its checkpoints, one of them and the links can all be loaded from") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "run/checkpoints", 3);
  checkpoints.prepare();
  const fs::path run = scratch / "run", folder = run / "checkpoints";
  check_error([&] { load_checkpoint(run); }, ExitCode::missing_input, "no checkpoint");
  check_error([&] { load_checkpoint(scratch / "nowhere"); }, ExitCode::missing_input, "nowhere");
  save_now(checkpoints, 1, state_of(1));
  CHECK(load_checkpoint(run).step == 1);
  check_error([&] { load_checkpoint(folder / "best"); }, ExitCode::missing_input, "there is no best checkpoint");
  save_now(checkpoints, 2, state_of(2), true);
  save_now(checkpoints, 3, state_of(3));
  CHECK(load_checkpoint(run).step == 2);
  CHECK(load_checkpoint(run / "").step == 2);
  CHECK(load_checkpoint(folder).step == 2);
  CHECK(load_checkpoint(folder / "last").step == 3);
  CHECK(load_checkpoint(folder / "best").step == 2);
  CHECK(load_checkpoint(folder / "step-00000001").step == 1);
  fs::remove(folder / "best");
  fs::remove(folder / "last");
  CHECK(load_checkpoint(run).step == 2);
  CHECK(load_checkpoint(folder / "last").step == 3);
  CHECK(load_checkpoint(folder / "best").step == 2);
  const auto loaded = load_checkpoint(run, Parts::model);
  CHECK(loaded.state.model.size() == 2);
  CHECK(loaded.state.optimizer.empty());
  spill(folder / "step-00000003/state.json", "{}");
  check_error([&] { load_checkpoint(folder / "step-00000003", Parts::model); }, ExitCode::bad_data, "step-00000003/state.json");
  CHECK(load_checkpoint(folder / "last").step == 2);  // the newest that verifies
  for (const char* step : {"step-00000001", "step-00000002"}) spill(folder / step / "state.json", "{}");
  check_error([&] { load_checkpoint(run, Parts::model); }, ExitCode::bad_data, "step-00000002/state.json");
}

TEST_CASE("copies in which links became folders, files or nothing are loaded from and saved to") {
  const Scratch scratch;
  const fs::path original = scratch / "original";
  {
    Checkpoints checkpoints(original, 3);
    checkpoints.prepare();
    save_now(checkpoints, 1, state_of(1), true);
    save_now(checkpoints, 2, state_of(2));
  }
  const auto as_folders = [](const fs::path& copy) {
    for (const auto& [name, step] : {std::pair("last", "step-00000002"), {"best", "step-00000001"}}) {
      fs::remove(copy / name);
      fs::copy(copy / step, copy / name);
    }
  };
  const auto as_files = [](const fs::path& copy) {
    for (const char* name : {"last", "best"}) {
      fs::remove(copy / name);
      spill(copy / name, "step-00000001");
    }
  };
  const auto as_nothing = [](const fs::path& copy) {
    for (const char* name : {"last", "best"}) fs::remove(copy / name);
  };
  const auto as_folders_alone = [&](const fs::path& copy) {
    as_folders(copy);
    for (const char* name : {"step-00000001", "step-00000002"}) fs::remove_all(copy / name);
  };
  int copies = 0;
  for (const std::function<void(const fs::path&)>& change :
       std::initializer_list<std::function<void(const fs::path&)>>{as_folders, as_files, as_nothing, as_folders_alone}) {
    const fs::path copy = scratch / std::to_string(copies++);
    INFO(copy);
    fs::copy(original, copy, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    change(copy);
    CHECK(load_checkpoint(copy / "last").step == 2);
    CHECK(load_checkpoint(copy / "best").step == 1);
    CHECK(load_checkpoint(copy).step == 1);
    Checkpoints checkpoints(copy, 3);
    CHECK(checkpoints.load_newest()->step == 2);
    checkpoints.prepare();
    save_now(checkpoints, 3, state_of(3), true);
    CHECK(load_checkpoint(copy / "last").step == 3);
    CHECK(load_checkpoint(copy / "best").step == 3);
    CHECK(fs::read_symlink(copy / "last") == "step-00000003");
  }
}

TEST_CASE("the link best of a run whose manifests say nothing of the best is followed") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 3);
  checkpoints.prepare();
  save_now(checkpoints, 1, state_of(1));
  save_now(checkpoints, 2, state_of(2));
  fs::create_symlink("step-00000001", scratch / "c/best");
  CHECK(load_checkpoint(scratch / "c/best").step == 1);
  CHECK(load_checkpoint(scratch / "c").step == 1);
}

TEST_CASE("a best checkpoint with a damaged manifest is named before an older best one is taken") {
  Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 3);
  checkpoints.prepare();
  save_now(checkpoints, 1, state_of(1), /*best=*/true);
  save_now(checkpoints, 2, state_of(2), /*best=*/true);
  save_now(checkpoints, 3, state_of(3));
  spill(scratch / "c/step-00000002/manifest.json", "{");
  const Loaded loaded = load_checkpoint(scratch / "c/best");
  CHECK(loaded.step == 1);
  REQUIRE(loaded.skipped.size() == 1);
  CHECK_THAT(loaded.skipped[0], Catch::Contains("step-00000002/manifest.json"));
}

TEST_CASE("a checkpoint that a save had put aside when it was killed is not lost") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 3);
  checkpoints.prepare();
  save_now(checkpoints, 4, state_of(4));
  fs::rename(scratch / "c/step-00000004", scratch / "c/.tmp-old-step-00000004.4711");
  CHECK(checkpoints.load_newest()->step == 4);
  checkpoints.prepare();
  CHECK(checkpoints.steps() == std::vector<int64_t>{4});
  check_state(checkpoints.load_newest()->state, 4);
}

TEST_CASE("old checkpoints survive when the new one does not read back") {
  const Scratch scratch;
  Checkpoints checkpoints(scratch / "c", 1);
  checkpoints.prepare();
  save_now(checkpoints, 1, state_of(1));
  // The worst kind of disk: everything is accepted, nothing is kept. A later step whose files are lost stands for it.
  save_now(checkpoints, 3, state_of(3));
  CHECK(checkpoints.steps() == std::vector<int64_t>{3});
  spill(scratch / "c/step-00000003/model.safetensors", "");
  save_now(checkpoints, 2, state_of(2));
  CHECK(checkpoints.steps() == std::vector<int64_t>{2, 3});
  const auto loaded = checkpoints.load_newest();
  CHECK(loaded->step == 2);
  CHECK(loaded->skipped.size() == 1);
}

TEST_CASE("a state with a value that is not finite is not saved, and the last good checkpoint stays") {
  for (const bool in_model : {true, false}) {
    const Scratch scratch;
    Checkpoints checkpoints(scratch / "c", 1, {}, /*max_unsaved_s=*/60);
    checkpoints.prepare();
    save_now(checkpoints, 1, state_of(1));
    TrainingState bad = state_of(2);
    (in_model ? bad.model : bad.optimizer)[0].second[1][2] = std::nan("");
    try {
      save_now(checkpoints, 2, bad);
      FAIL("it must not be saved");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::diverged);
      const std::string text = error.what();
      CHECK(text.find("after step 2") != std::string::npos);
      CHECK(text.find(in_model ? "'conv.weight'" : "'conv.weight.exp_avg'") != std::string::npos);
      CHECK(text.find("the last checkpoint on disk is of step 1") != std::string::npos);
      CHECK_FALSE(error.remedy().empty());
    }
    CHECK_FALSE(checkpoints.trouble());
    CHECK(checkpoints.steps() == std::vector<int64_t>{1});
    check_state(checkpoints.load_newest()->state, 1);
  }
}
