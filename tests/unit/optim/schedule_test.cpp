#include "check.h"

#include "hpcai/optim/schedule.h"

#include "fixtures.h"
#include "hpcai/core/error.h"
#include "hpcai/optim/plateau.h"

using namespace hpcai;
using namespace hpcai::optim;

TEST_CASE("every schedule gives the learning rate of PyTorch, or of its published equation, at every step") {
  const auto json = fixture("schedules.json");
  const int64_t total = json.at("total_steps");
  for (const auto& expected : json.at("cases")) {
    const auto config = variant_of<ScheduleConfig>(expected.at("config"));
    for (int64_t step = 0; step < total; ++step) {
      INFO(expected.at("config").dump() << ", step " << step);
      const BaseRate base(json.at("base_lr").get<double>(), expected.value("scaling", 1.0));
      const double lr = learning_rate(config, {}, base, step, json.at("steps_per_epoch"), total);
      CHECK(lr == Approx(expected.at("lr").at(step).get<double>()).epsilon(1e-9).margin(1e-12));
    }
  }
}

TEST_CASE("reduce-on-plateau follows PyTorch's, one epoch less patient, also across a save and a load") {
  const auto json = fixture("schedules.json");
  const auto& expected = json.at("plateau");
  const PlateauConfig config{{}, expected.at("factor"), expected.at("patience"), 0, expected.at("floor")};
  Plateau plateau(config);
  for (size_t i = 0; i < expected.at("losses").size(); ++i) {
    const auto& loss = expected.at("losses").at(i);
    plateau.observe(loss.is_null() ? NAN : loss.get<double>());
    const double lr = learning_rate(config, {plateau.factor()}, json.at("base_lr").get<double>(), 100, 5, 1000);
    INFO("after epoch " << i);
    CHECK(lr == Approx(expected.at("lr_after").at(i).get<double>()).epsilon(1e-12));
    Plateau next(config);
    next.load(nlohmann::json::parse(plateau.state().dump()));
    plateau = next;
  }
}

TEST_CASE("the plateau's floor never raises a learning rate that starts below it") {
  const PlateauConfig config{{}, 0.5, 1, 0, 1e-3};
  CHECK(learning_rate(config, {0.25}, 1e-4, 0, 1, 10) == 1e-4);
}

TEST_CASE("an improvement smaller than min_delta does not count") {
  Plateau plateau({{}, 0.5, 2, 0.1, 0});
  CHECK_FALSE(plateau.observe(1.0));
  CHECK_FALSE(plateau.observe(0.95));
  CHECK(plateau.observe(0.91));
  CHECK(plateau.factor() == 0.5);
}

TEST_CASE("warm-up in epochs equals warm-up in steps, and both at once are refused") {
  CosineConfig epochs, steps;
  epochs.warmup_epochs = 1.5;
  steps.warmup_steps = 15;
  for (int64_t step = 0; step < 40; ++step) {
    CHECK(learning_rate(epochs, {}, 1, step, 10, 40) == learning_rate(steps, {}, 1, step, 10, 40));
  }
  CHECK(learning_rate(steps, {}, 1, 0, 10, 40) == Approx(0.1));
  steps.warmup_epochs = 1;
  CHECK_THROWS_AS(learning_rate(steps, {}, 1, 0, 10, 40), Error);
}

TEST_CASE("Horovod's warm-up begins one step above the unscaled rate and ends at the scaled one") {
  ConstantConfig config;
  config.warmup_steps = 10;
  config.warmup_rule = WarmupRule::horovod;
  const BaseRate base(6.4, 64);
  CHECK(learning_rate(config, {}, base, 0, 5, 100) == Approx(0.1 + 0.1 * (6.4 - 0.1)));
  CHECK(learning_rate(config, {}, base, 9, 5, 100) == 6.4);
  CHECK(learning_rate(config, {}, base, 10, 5, 100) == 6.4);
}

TEST_CASE("schedules stay finite and within bounds for tiny and exceeded lengths") {
  for (const ScheduleConfig& config :
       {ScheduleConfig(ConstantConfig{}), ScheduleConfig(StepConfig{}), ScheduleConfig(CosineConfig{}),
        ScheduleConfig(PolynomialConfig{}), ScheduleConfig(PlateauConfig{}), ScheduleConfig(OneCycleConfig{})}) {
    for (const int64_t total : {0, 1, 2, 3, 10}) {
      for (const int64_t step : {0, 1, 2, 9, 10, 11, 1000}) {
        const double lr = learning_rate(config, {}, 0.3, step, 1, total);
        INFO(config.index() << " step " << step << " of " << total << ": " << lr);
        CHECK((lr >= 0 && lr <= 0.3));
      }
    }
  }
}

TEST_CASE("early stop asks for an end after the given number of epochs without progress, also across a load") {
  EarlyStop stop(3);
  CHECK_FALSE(stop.observe(1.0));
  CHECK_FALSE(stop.observe(1.0));
  CHECK_FALSE(stop.observe(0.5));
  CHECK_FALSE(stop.observe(0.6));
  EarlyStop resumed(3);
  resumed.load(nlohmann::json::parse(stop.state().dump()));
  CHECK_FALSE(resumed.observe(NAN));
  CHECK(resumed.observe(0.5));
  CHECK(resumed.best() == 0.5);
}

TEST_CASE("early stop with patience 0 never stops") {
  EarlyStop stop(0);
  for (int i = 0; i < 50; ++i) CHECK_FALSE(stop.observe(1.0));
}

TEST_CASE("the state of a plateau that has seen nothing survives JSON") {
  Plateau plateau({});
  Plateau other({});
  other.load(nlohmann::json::parse(plateau.state().dump()));
  CHECK_FALSE(other.observe(1e30));
  CHECK(other.factor() == 1);
}

TEST_CASE("legal settings that are hardly meant are told, sensible ones are not") {
  AdamConfig adam;
  adam.scaling.rule = RateRule::linear;
  ConstantConfig schedule;
  auto found = [&](int64_t batch = 256) {
    std::string text;
    for (const std::string& warning : schedule_warnings(schedule, adam, batch, 10, 30)) text += warning + "\n";
    return text;
  };
  CHECK(found().empty());
  schedule.warmup_epochs = 2;
  CHECK(found().empty());
  schedule.warmup_epochs = 3;
  CHECK_THAT(found(), Catch::Matchers::Contains("warm-up of 30 steps is not over when training ends after 30"));
  schedule = {};
  schedule.warmup_start = 0.5;
  CHECK_THAT(found(), Catch::Matchers::Contains("warmup_start has no effect without"));
  schedule.warmup_rule = WarmupRule::horovod;
  CHECK_THAT(found(), Catch::Matchers::Contains("warmup_rule has no effect without"));
  schedule.warmup_epochs = 1;
  CHECK_THAT(found(), Catch::Matchers::Contains("warmup_start has no effect with warmup_rule horovod"));
  schedule.warmup_start = Warmup{}.warmup_start;
  CHECK(found().empty());
  CHECK_THAT(found(64), Catch::Matchers::Contains("the learning rate falls during the warm-up"));
  adam.scaling = {.rule = RateRule::none, .base_batch = 32};
  CHECK_THAT(found(), Catch::Matchers::Contains("lr_base_batch has no effect"));
}
