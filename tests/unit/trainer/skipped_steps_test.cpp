#include "hpcai/trainer/skipped_steps.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "hpcai/core/error.h"

using namespace hpcai;
using namespace hpcai::trainer;

namespace {

const Divergence kDivergence{{"the loss is not finite", {"s1"}}, "samples of the step: s1"};

TrainingConfig skipping(int64_t most) {
  TrainingConfig training;
  training.on_divergence = OnDivergence::skip;
  training.max_skipped_steps = most;
  return training;
}

std::string failure(SkippedSteps& skipped, int64_t number) {
  try {
    skipped.add(number, kDivergence);
    return "";
  } catch (const SharedError& error) {
    CHECK(error.code() == ExitCode::diverged);
    CHECK_FALSE(error.remedy().empty());
    return error.what();
  }
}

}  // namespace

TEST_CASE("by default a step that is not finite ends the training") {
  SkippedSteps skipped{TrainingConfig()};
  CHECK(failure(skipped, 7) == "the loss is not finite at step 7 (samples of the step: s1); nothing was updated");
}

TEST_CASE("steps are skipped until too many in a row were not finite") {
  SkippedSteps skipped(skipping(3));
  for (const int64_t number : {4, 5}) CHECK(failure(skipped, number).empty());
  skipped.note_finite();
  for (const int64_t number : {7, 8}) CHECK(failure(skipped, number).empty());
  CHECK(skipped.total() == 4);
  CHECK(failure(skipped, 9).find("3 steps in a row") != std::string::npos);
}

TEST_CASE("rolling back has the same limit") {
  TrainingConfig training = skipping(2);
  training.on_divergence = OnDivergence::roll_back;
  SkippedSteps skipped(training);
  CHECK(failure(skipped, 4).empty());
  CHECK(failure(skipped, 5).find("has gone back 2 times and come no further") != std::string::npos);
}

TEST_CASE("with roll_back only a training that comes further than the state that has returned goes on for ever") {
  TrainingConfig training = skipping(2);
  training.on_divergence = OnDivergence::roll_back;
  training.roll_back_steps = 5;
  SkippedSteps skipped(training);
  CHECK(failure(skipped, 1).empty());
  for (int step = 0; step < 10; ++step) skipped.note_finite();
  CHECK(failure(skipped, 12).empty());
  for (int step = 0; step < 9; ++step) skipped.note_finite();
  SkippedSteps resumed(training);
  resumed.load(skipped.state());
  CHECK_FALSE(failure(resumed, 22).empty());
  CHECK_FALSE(failure(skipped, 22).empty());
}

TEST_CASE("a row of skipped steps goes on after a resume") {
  SkippedSteps first(skipping(3)), second(skipping(3));
  failure(first, 1);
  failure(first, 2);
  second.load(nlohmann::json::parse(first.state().dump()));
  CHECK(second.total() == 2);
  CHECK_FALSE(failure(second, 3).empty());
  CHECK_THROWS_AS(second.load({{"total", 1}}), std::out_of_range);
  CHECK_THROWS_AS(second.load("text"), std::out_of_range);
}
