#include "hpcai/trainer/experiment.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "hpcai/config/config.h"
#include "hpcai/trainer/position.h"

using namespace hpcai;
using Catch::Matchers::Contains;
using trainer::Experiment;

TEST_CASE("the whole experiment describes itself without faults") {
  CHECK(config::description_faults<Experiment>() == std::vector<std::string>{});
}

TEST_CASE("the schema that editors read is that of this experiment") {
  std::ifstream file(HPCAI_SOURCE_DIR "/configs/schema.json");
  CHECK(nlohmann::json::parse(file) == nlohmann::json::parse(config::json_schema<Experiment>("hpcai-train experiment")));
}

TEST_CASE("an experiment survives being written and read") {
  Experiment experiment;
  experiment.training.stages = {{"head", 1, false, 0}, {"40", 20, true, 3}};
  experiment.optimizer = optim::SgdConfig{.lr = 0.1 + 0.2};
  const std::string text = config::to_yaml(experiment);
  const auto again = config::parse<Experiment>(text, "config.yaml");
  CHECK(config::to_yaml(again) == text);
  CHECK(config::digest(again) == config::digest(experiment));
  CHECK(std::get<optim::SgdConfig>(again.optimizer).lr == 0.1 + 0.2);
}

TEST_CASE("settings that do not change the result are no difference") {
  Experiment a, b;
  b.training.log_every_steps = 7;
  b.training.threads = 3;
  b.checkpoint.keep = 9;
  b.name = "other";
  CHECK(config::differences(a, b).empty());
  b.training.seed = 2;
  const auto differences = config::differences(a, b);
  REQUIRE(differences.size() == 1);
  CHECK(differences[0].key == "training.seed");
}

TEST_CASE("numbers of threads have an upper bound") {
  const std::string needed = "data: {type: simulated_galaxies}\nmodel: {type: xception}\nloss: {type: cross_entropy}\n";
  const auto read = [&](const std::string& override) { return config::parse<Experiment>(needed, "a.yaml", {override}); };
  CHECK(read("training.threads=4096").training.threads == 4096);
  CHECK_THROWS_WITH(read("training.threads=1000000"), Contains("training.threads is 1000000") && Contains("4096"));
  CHECK(read("loader.threads=1024").loader.threads == 1024);
  CHECK_THROWS_WITH(read("loader.threads=1000000"), Contains("loader.threads is 1000000") && Contains("1024"));
}

TEST_CASE("a position survives JSON") {
  const trainer::Position position{123, 4, 5, 1, 2, 45};
  CHECK(nlohmann::json(position).get<trainer::Position>() == position);
}
