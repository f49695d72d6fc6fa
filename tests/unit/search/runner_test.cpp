#include "hpcai/search/runner.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <filesystem>

#include "hpcai/core/file.h"
#include "hpcai/search/outcome.h"
#include "sample_space.h"

using namespace hpcai;
using namespace hpcai::search;

namespace {

struct RunFolderSample {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("hpcai-runner-" + std::to_string(getpid()));
  RunFolderSample() { make_folder(path); }
  ~RunFolderSample() { std::filesystem::remove_all(path); }
};

}  // namespace

TEST_CASE("the GPUs of parallel trials") {
  const RunFolderSample folder;
  for (const char* name : {"nvidia10", "nvidia2", "nvidia0", "nvidiactl", "nvidia-uvm", "null"})
    write_file(folder.path / name, "");
  CHECK(usable_gpus({}, folder.path) == std::vector<std::string>{"0", "2", "10"});
  CHECK(usable_gpus({{"CUDA_VISIBLE_DEVICES", "3, GPU-8a"}}, folder.path) == std::vector<std::string>{"3", "GPU-8a"});
  CHECK(usable_gpus({{"CUDA_VISIBLE_DEVICES", ""}}, folder.path).empty());
  CHECK(usable_gpus({}, folder.path / "none").empty());
}

TEST_CASE("what a run folder says about a rung") {
  const RunFolderSample folder;
  const auto asha = test::asha_space();
  CHECK_FALSE(read_outcome(asha, folder.path, 0));
  const auto summary = [&](const std::string& status, int epochs) {
    write_file(folder.path / "summary.json",
               R"({"steps": 70, "validation": {"loss": 0.5, "deep": {"er": 2}, "r2": null}, "error": "the loss is nan\nx",
                                                 "status": ")" +
                   status + R"(", "epochs": )" + std::to_string(epochs) + "}");
  };
  summary("stopped", 2);  // on a signal: the validation may be an earlier one
  CHECK_FALSE(read_outcome(asha, folder.path, 1));
  summary("paused", 2);
  CHECK_FALSE(read_outcome(asha, folder.path, 2));  // rung 2 is after 4 epochs
  const auto paused = read_outcome(asha, folder.path, 1);
  REQUIRE(paused);
  CHECK(paused->result.value == 0.5);
  CHECK_FALSE(paused->result.finished);
  CHECK(paused->epochs == 2);
  CHECK_FALSE(read_outcome(test::small_space(), folder.path, 0));  // without early stop only the end counts
  summary("finished", 3);
  CHECK(read_outcome(asha, folder.path, 2)->result.finished);
  CHECK(read_outcome(test::small_space("metric: validation.deep.er\n"), folder.path, 0)->result.value == 2);
  CHECK_THROWS_WITH(read_outcome(test::small_space("metric: validation.rmse\n"), folder.path, 0),
                    Catch::Contains("validation.deep.er and validation.loss"));
  const auto not_finite = read_outcome(test::small_space("metric: validation.r2\n"), folder.path, 0);
  CHECK((not_finite->result.failed && !not_finite->result.finished));
  CHECK(not_finite->failure == "validation.r2 is not a finite number");
  summary("diverged", 1);
  CHECK(read_outcome(asha, folder.path, 0)->result.failed);
  CHECK(read_outcome(asha, folder.path, 0)->failure == "the loss is nan");
  write_file(folder.path / "summary.json", "[1");
  CHECK_THROWS_WITH(read_outcome(asha, folder.path, 0), Catch::Contains("summary.json"));
}

TEST_CASE("the reason of a failure is the first line of the last error") {
  const RunFolderSample folder;
  write_file(folder.path / "out.txt", "epoch 1\nerror: first\nerror: remedy\nepoch 2\nerror: last \x1b[1m\nerror: do this\n");
  CHECK(last_error(folder.path / "out.txt") == "last \\x1b[1m");
  CHECK(last_error(folder.path / "none.txt").empty());
}
