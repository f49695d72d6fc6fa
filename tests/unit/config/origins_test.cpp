#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include "hpcai/config/explain.h"
#include "hpcai/config/nearest_keys.h"
#include "hpcai/core/error.h"
#include "sample.h"

using namespace hpcai;
namespace fs = std::filesystem;

namespace {

void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

}  // namespace

TEST_CASE("each value of a config has its place: file, base or --set, with its line") {
  const fs::path folder = fs::temp_directory_path() / "hpcai-origins-test";
  fs::create_directories(folder);
  const std::string base = (folder / "base.yaml").string(), file = (folder / "a.yaml").string();
  write(base, "data:\n  type: hdf5\n  train_file: x.h5\ntraining:\n  global_batch: 8\n  seed: 3\n");
  write(file,
        "base: base.yaml\ntraining:\n  global_batch: 16\n  stages:\n    - epochs: 2\n    - trainable_from: exit\nchannels: [1, "
        "2]\n");
  config::Origins origins;
  config::read<sample::Experiment>(
      file, {"optimizer.lr=0.1", "training.clip_norm=null", "training.stages[0].trainable_from=head"}, &origins);
  CHECK(origins.at("training.global_batch") == file + ":3");
  CHECK(origins.at("training.seed") == base + ":6");
  CHECK(origins.at("data.train_file") == base + ":3");
  CHECK(origins.at("training.stages[0].epochs") == file + ":5");
  CHECK(origins.at("training.stages[0].trainable_from") == "--set training.stages[0].trainable_from");
  CHECK(origins.at("training.stages[1].trainable_from") == file + ":6");
  CHECK(origins.at("channels") == file + ":7");
  CHECK(origins.at("optimizer.lr") == "--set optimizer.lr");
  CHECK(origins.at("training.clip_norm") == "--set training.clip_norm");
  CHECK_FALSE(origins.contains("training.epochs"));
  CHECK_FALSE(origins.contains("base"));
  fs::remove_all(folder);
}

TEST_CASE("a key is explained by its description, once for each meaning") {
  const config::Section description = config::description<sample::Experiment>();
  const auto lr = config::meanings_of(description, "optimizer.lr");
  REQUIRE(lr.size() == 2);
  CHECK(lr[0].fallback == "0.1");
  CHECK(lr[0].when == std::vector<std::string>{"optimizer.type: sgd"});
  CHECK(lr[1].when == std::vector<std::string>{"optimizer.type: adam"});
  CHECK(lr[1].type == "a number, greater than 0");
  const auto chosen = config::meanings_of(description, "optimizer.lr", {{"optimizer.type", "adam"}});
  REQUIRE(chosen.size() == 1);
  CHECK(chosen[0].fallback == "5.0e-04");

  const auto timeout = config::meanings_of(description, "distributed.timeout_s").front();
  CHECK(timeout.unit == "s");
  CHECK(timeout.local);
  CHECK(timeout.when.empty());
  CHECK(config::meanings_of(description, "optimizer").front().is_section);
  CHECK(config::meanings_of(description, "optimizer.type").front().choices == std::vector<std::string>{"sgd", "adam"});
  CHECK(config::meanings_of(description, "training.stages[4].epochs").front().key == "training.stages[].epochs");
  CHECK(config::meanings_of(description, "training.global_batch").front().fallback.empty());
  CHECK(config::meanings_of(description, "fallbacks").front().choices == std::vector<std::string>{"fp32", "bf16"});
  CHECK(config::meanings_of(description, "optimizer.nesterov").front().choices == std::vector<std::string>{"true", "false"});
  CHECK_THROWS_WITH(config::meanings_of(description, "optimizer.l"), "optimizer.l is not a setting");
}

TEST_CASE("keys are suggested by their whole paths, the likeliest first") {
  const config::Section description = config::description<sample::Experiment>();
  const auto rows = config::rows(description);
  const auto known = config::known_keys(rows);
  const auto first = [&](const std::string& written) {
    const auto nearest = config::nearest_keys(written, known);
    CHECK(nearest.size() <= 3);
    return nearest.empty() ? "" : nearest.front();
  };
  CHECK(first("optimiser.lr") == "optimizer.lr");
  CHECK(first("optimizer_lr") == "optimizer.lr");
  CHECK(first("optimizer.learning_rate") == "optimizer.lr");
  CHECK(first("training.globalBatch") == "training.global_batch");
  CHECK(first("global-batch") == "training.global_batch");
  CHECK(first("training.stage.epoch") == "training.stages[].epochs");
  CHECK(first("training.lr") == "optimizer.lr");
  CHECK(first("qqqqqqqqqqqqq") == "");
}
