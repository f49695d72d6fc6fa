#include <catch2/catch.hpp>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/position.h"

using namespace hpcai;
using trainer::Experiment;

namespace {

std::string complaint(const Experiment& experiment, int world_size) {
  try {
    trainer::check_consistency(experiment, world_size);
  } catch (const Error& e) {
    CHECK(e.code() == ExitCode::usage);
    return std::string(e.what()) + " " + e.remedy();
  }
  return "";
}

}  // namespace

TEST_CASE("the whole experiment describes itself without faults") {
  CHECK(config::description_faults<Experiment>() == std::vector<std::string>{});
}

TEST_CASE("a global batch that cannot be shared evenly is refused with numbers that can") {
  Experiment experiment;
  experiment.training.global_batch = 32;
  CHECK(complaint(experiment, 1).empty());
  CHECK(complaint(experiment, 16).empty());
  CHECK(complaint(experiment, 3).find("30 or 33") != std::string::npos);
  experiment.training.accumulation = 3;
  CHECK(complaint(experiment, 8).find("24 or 48") != std::string::npos);
}

TEST_CASE("a name that would put the run outside of runs/ is refused") {
  Experiment experiment;
  for (const char* name : {"", ".", "..", "../other", "/tmp/run", "a/b"}) {
    experiment.name = name;
    CAPTURE(name);
    CHECK(complaint(experiment, 1).find("name is") != std::string::npos);
  }
  experiment.name = "..a galaxy, 2nd try";
  CHECK(complaint(experiment, 1).empty());
}

TEST_CASE("Horovod's warm-up needs a rate that is scaled") {
  Experiment experiment;
  optim::CosineConfig schedule;
  schedule.warmup_rule = optim::WarmupRule::horovod;
  experiment.schedule = schedule;
  CHECK(complaint(experiment, 1).find("optimizer.lr_scaling") != std::string::npos);
  experiment.optimizer = optim::SgdConfig{.scaling = {optim::RateRule::linear, 32}};
  CHECK(complaint(experiment, 1).empty());
}

TEST_CASE("symmetric views need a classification") {
  Experiment experiment;
  experiment.evaluation.symmetric_views = true;
  experiment.loss = models::WaveformMseConfig{};
  CHECK(complaint(experiment, 1).find("symmetric_views") != std::string::npos);
  experiment.loss = models::CrossEntropyConfig{};
  CHECK(complaint(experiment, 1).empty());
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

TEST_CASE("a position survives JSON") {
  const trainer::Position position{123, 4, 5, 1, 2, 45};
  CHECK(nlohmann::json(position).get<trainer::Position>() == position);
}
