#include <catch2/catch.hpp>

#include <unistd.h>

#include <filesystem>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"

using namespace hpcai;
using Catch::Matchers::Contains;

namespace {

struct Descent {
  static constexpr std::string_view kType = "descent";
  static constexpr std::string_view kFormerType = "sgd";
  double rate = 0.1;
  double momentum = 0.9;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("rate", rate, {.help = "Learning rate.", .min = 0, .formerly = "lr"});
    visitor.field("momentum", momentum, {.help = "Momentum.", .min = 0, .max = 1});
  }
};

struct Adam {
  static constexpr std::string_view kType = "adam";
  double rate = 0.001;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("rate", rate, {.help = "Learning rate.", .min = 0});
  }
};

struct Stage {
  int64_t epochs = 1;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("epochs", epochs, {.help = "Epochs.", .min = 1, .formerly = "rounds"});
  }
};

struct Renamed {
  int64_t steps = 10;
  std::variant<Adam, Descent> optimizer;
  std::vector<Stage> stages;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("steps", steps, {.help = "Steps.", .min = 1, .formerly = "iterations"});
    visitor.field("optimizer", optimizer, {.help = "Update rule.", .formerly = "solver"});
    visitor.field("stages", stages, {.help = "Stages."});
  }
};

Renamed read(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return config::parse<Renamed>(text, "a.yaml", overrides);
}

Renamed read_with_base(const std::string& base, const std::string& own) {
  const auto folder = std::filesystem::temp_directory_path() / ("hpcai_former_" + std::to_string(getpid()));
  make_folder(folder);
  write_file(folder / "base.yaml", base);
  write_file(folder / "own.yaml", "base: base.yaml\n" + own);
  const auto renamed = config::read<Renamed>(folder / "own.yaml");
  std::filesystem::remove_all(folder);
  return renamed;
}

const Descent& descent(const Renamed& renamed) { return std::get<Descent>(renamed.optimizer); }

}  // namespace

TEST_CASE("keys and types are read under their former names, at every depth") {
  const Renamed e = read("iterations: 3\nsolver: {type: sgd, lr: 0.5}\nstages: [{rounds: 4}, {epochs: 5}]\n");
  CHECK(e.steps == 3);
  CHECK(descent(e).rate == 0.5);
  REQUIRE(e.stages.size() == 2);
  CHECK(e.stages[0].epochs == 4);
  CHECK(e.stages[1].epochs == 5);
  CHECK(read("stages: []\n", {"solver.type=sgd", "solver.lr=0.25", "iterations=7"}).steps == 7);
  CHECK(descent(read("# none\n", {"solver.type=sgd", "solver.lr=0.25"})).rate == 0.25);
}

TEST_CASE("an override wins over the file, whichever names they use") {
  CHECK(read("steps: 3\n", {"iterations=5"}).steps == 5);
  CHECK(read("iterations: 3\n", {"steps=5"}).steps == 5);
  const std::string text = "optimizer: {type: descent, rate: 0.5, momentum: 0.25}\n";
  CHECK(descent(read(text, {"solver.lr=0.125"})).rate == 0.125);
  CHECK(descent(read(text, {"solver.lr=0.125"})).momentum == 0.25);
  CHECK(descent(read(text, {"optimizer.type=sgd"})).momentum == 0.25);
}

TEST_CASE("a file wins over its base, whichever names they use") {
  CHECK(read_with_base("steps: 3\n", "iterations: 5\n").steps == 5);
  CHECK(read_with_base("iterations: 3\n", "steps: 5\n").steps == 5);
  const Renamed e = read_with_base("solver: {type: sgd, lr: 0.5, momentum: 0.25}\n", "optimizer: {type: descent, rate: 0.125}\n");
  CHECK(descent(e).rate == 0.125);
  CHECK(descent(e).momentum == 0.25);
}

TEST_CASE("a key that stands under both names in one place is refused") {
  CHECK_THROWS_WITH(read("steps: 3\niterations: 5\n"),
                    Contains("a.yaml:2: iterations is now called steps. Both are given: remove iterations."));
  CHECK_THROWS_WITH(read("stages: []\n", {"steps=3", "iterations=5"}),
                    Contains("--set iterations: iterations is now called steps."));
  CHECK_THROWS_WITH(read("optimizer: {type: sgd, lr: 1, rate: 1}\n"), Contains("optimizer.lr is now called optimizer.rate."));
}

TEST_CASE("a former name counts only where it was one") {
  CHECK_THROWS_WITH(read("optimizer: {type: adam, lr: 1}\n"), Contains("optimizer.lr is not a setting"));
  CHECK_THROWS_WITH(read("rounds: 1\n"), Contains("rounds is not a setting"));
}
