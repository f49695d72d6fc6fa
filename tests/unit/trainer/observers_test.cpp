#include "hpcai/trainer/observers.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace hpcai::trainer {

TEST_CASE("a rank above 0 keeps the lines of metrics.jsonl since the newest step") {
  ThroughputMeter meter;
  NewestLines newest(/*every_steps=*/2, meter);
  const auto events = [&] {
    std::vector<std::string> found;
    for (const auto& line : newest.lines()) {
      found.push_back(line.at("event").get<std::string>() + " " + std::to_string(line.at("step").get<int64_t>()));
    }
    return found;
  };
  const auto step = [&](int64_t number) { newest.step_done({.position = {.step = number}, .loss = 0.5, .lr = 0.1}, 1); };
  CHECK(events().empty());
  step(2);
  newest.evaluated({.step = 2}, {{"loss", 0.4}}, 2);
  newest.epoch_done({.step = 2}, 0.4, 2);
  CHECK(events() == std::vector<std::string>{"step 2", "evaluation 2", "epoch 2"});
  CHECK(newest.lines()[0].at("loss") == 0.5);
  step(3);  // has no line
  CHECK(events().empty());
  step(4);
  CHECK(events() == std::vector<std::string>{"step 4"});
}

}  // namespace hpcai::trainer
