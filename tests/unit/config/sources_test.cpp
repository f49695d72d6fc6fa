#include <catch2/catch.hpp>

#include <unistd.h>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "sample.h"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using sample::complaint;
using sample::Experiment;

namespace {

// A folder of config files that vanishes again.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("hpcai_config_" + std::to_string(getpid()))) {
    hpcai::make_folder(path_ / "base");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    hpcai::write_file(path_ / name, text);
    return path_ / name;
  }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

std::pair<hpcai::ExitCode, std::string> failure(const std::filesystem::path& path) {
  try {
    hpcai::config::read<Experiment>(path);
  } catch (const hpcai::Error& error) {
    return {error.code(), error.what()};
  }
  return {hpcai::ExitCode::done, ""};
}

}  // namespace

TEST_CASE("a file starts from its base, key by key") {
  const Folder folder;
  folder.write("base/common.yaml", sample::kFullText);
  const auto path = folder.write("own.yaml", "base: base/common.yaml\nname: own\nschedule: {patience: 9}\nchannels: [8]\n");
  const Experiment e = hpcai::config::read<Experiment>(path);
  CHECK(e.name == "own");
  CHECK(e.schedule.patience == 9);
  CHECK(e.schedule.factor == 0.1);
  CHECK(e.channels == std::vector<int64_t>{8});
  CHECK(e.training.global_batch == 128);
}

TEST_CASE("a section of another type takes nothing from the base") {
  const Folder folder;
  folder.write("common.yaml", sample::kFullText);
  const Experiment sgd =
      hpcai::config::read<Experiment>(folder.write("a.yaml", "base: common.yaml\noptimizer: {type: sgd, momentum: 0.5}\n"));
  CHECK(std::get<sample::Sgd>(sgd.optimizer).lr == 0.1);
  const Experiment adam =
      hpcai::config::read<Experiment>(folder.write("b.yaml", "base: common.yaml\noptimizer: {type: adam, lr: 0.5}\n"));
  CHECK(std::get<sample::Adam>(adam.optimizer).lr == 0.5);
  CHECK(std::get<sample::Adam>(adam.optimizer).beta1 == 0.85);
}

TEST_CASE("problems of base, file and overrides name their own places, the file first") {
  const Folder folder;
  folder.write("common.yaml", sample::kShortText + "schedule:\n  pacience: 3\n");
  const auto path = folder.write("own.yaml", "base: common.yaml\n\nnam: x\n");
  try {
    hpcai::config::read<Experiment>(path, {"optimizer.learning_rate=3", "schedule.floor=-1"});
    FAIL("accepted");
  } catch (const hpcai::Error& error) {
    CHECK(std::string(error.what()) ==
          path.string() + ":3: nam is not a setting. Did you mean name?\n" + (folder / "common.yaml").string() +
              ":4: schedule.pacience is not a setting. Did you mean schedule.patience?\n"
              "--set optimizer.learning_rate: optimizer.learning_rate is not a setting. Did you mean optimizer.lr?\n"
              "--set schedule.floor: schedule.floor is -1; it must be at least 0.\n"
              "4 problems found. Nothing was started.");
  }
}

TEST_CASE("missing files and unusable bases are told") {
  const Folder folder;
  CHECK(failure(folder / "none.yaml").first == hpcai::ExitCode::missing_input);
  CHECK(failure(folder / "base").first == hpcai::ExitCode::missing_input);
  const auto missing = failure(folder.write("a.yaml", "name: x\nbase: none.yaml\n"));
  CHECK(missing.first == hpcai::ExitCode::missing_input);
  CHECK_THAT(missing.second, Contains("a.yaml:2: the base"));
  folder.write("two.yaml", "base: own.yaml\n" + sample::kShortText);
  const auto nested = failure(folder.write("own.yaml", "base: two.yaml\n"));
  CHECK(nested.first == hpcai::ExitCode::usage);
  CHECK_THAT(nested.second, Contains("two.yaml:1: a base may not have a base") && Contains("1 problem"));
  CHECK_THAT(failure(folder.write("c.yaml", "base: [x]\n")).second, Contains("base must be the path"));
  CHECK_THAT(failure(folder.write("d.yaml", "base:\n")).second, Contains("base must be the path"));
  folder.write("list.yaml", "- 1\n");
  CHECK_THAT(failure(folder.write("e.yaml", "base: list.yaml\n")).second, Contains("list.yaml:1: a base must be made of"));
  CHECK_THAT(failure(folder.write("f.yaml", std::string(2 << 20, ' '))).second, Contains("larger than 1048576"));
  CHECK_THAT(complaint("base: x.yaml\n" + sample::kShortText), Contains("base is not a setting"));
}

TEST_CASE("overrides reach every kind of setting and the last one wins") {
  const Experiment e =
      sample::parse(sample::kFullText, {"optimizer.lr=2e-3", "name=a b", "channels=[1, 2, 3]", "training.stages=[{epochs: 4}]",
                                        "optimizer={type: sgd, momentum: 0.1}", "training.seed=1", "training.seed=2",
                                        "distributed.interface=\"\"", "training.clip_norm=~"});
  CHECK(e.name == "a b");
  CHECK(e.channels == std::vector<int64_t>{1, 2, 3});
  REQUIRE(e.training.stages.size() == 1);
  CHECK(e.training.stages[0].epochs == 4);
  CHECK(std::get<sample::Sgd>(e.optimizer).lr == 2e-3);
  CHECK(std::get<sample::Sgd>(e.optimizer).momentum == 0.1);
  CHECK(e.training.seed == 2);
  CHECK(e.distributed.interface.empty());
  CHECK_FALSE(e.training.clip_norm);
}

TEST_CASE("malformed overrides are told with their place") {
  for (const char* text : {"name", "=3", "a..b=3", ".a=3", "a.=3", "a b=3"}) {
    INFO(text);
    CHECK_THAT(complaint(sample::kShortText, {text}), Contains("an override must be written key=value"));
  }
  CHECK_THAT(complaint("- 1\n", {"data.type=simulated", "training.global_batch=8"}),
             Contains("must be made of `key: value` lines"));
  CHECK_THAT(complaint(sample::kShortText, {"training=5"}), StartsWith("--set training: training is 5; it must be a section"));
  CHECK_THAT(complaint(sample::kShortText, {"name="}), StartsWith("--set name: name has no value"));
  CHECK_THAT(complaint(sample::kShortText, {"channels=[1"}), Contains("--set channels: this is not valid YAML"));
  for (const std::string value : {"*/x.h5", "[t]rain-1.h5", "{a,b}.h5", "!x y", "@x"}) {
    CHECK_THAT(complaint(sample::kShortText, {"name=" + value}), Contains("quote it: --set 'name=\"" + value + "\"'"));
    CHECK(complaint(sample::kShortText, {"name=\"" + value + "\""}).empty());  // the remedy
  }
  CHECK_THAT(complaint(sample::kShortText, {"name=*a\"b"}), Contains("quote it: --set 'data.train=\"*/x.h5\"'"));
  CHECK_THAT(complaint(sample::kShortText, {"name=!x y"}), StartsWith("--set name: the YAML tag"));
  CHECK_THAT(complaint(sample::kShortText, {"training.epochs=010"}), Contains("octal"));
  std::string deep = "a";
  for (int i = 0; i < 100000; ++i) deep += ".a";
  CHECK_FALSE(complaint(sample::kShortText, {deep + "=1"}).empty());
}
