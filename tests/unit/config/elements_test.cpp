// Overrides of single elements of lists: --set training.stages[0].epochs=3.
#include <catch2/catch.hpp>

#include "hpcai/core/error.h"
#include "sample.h"

using Catch::Matchers::Contains;
using sample::complaint;
using sample::Experiment;

TEST_CASE("an override changes one element of a list, and leaves the rest of it") {
  const Experiment e =
      sample::parse(sample::kFullText, {"training.stages[1].epochs=7", "channels[0]=16", "augmentation[1].max_angle=10",
                                        "training.stages[0]={trainable_from: exit}"});
  REQUIRE(e.training.stages.size() == 2);
  CHECK(e.training.stages[0].epochs == 1);
  CHECK(e.training.stages[0].trainable_from == "exit");
  CHECK(e.training.stages[1].epochs == 7);
  CHECK(e.training.stages[1].trainable_from == "40");
  CHECK(e.channels == std::vector<int64_t>{16, 64});
  CHECK(std::get<sample::Flip>(e.augmentation[0]).probability == 0.25);
  CHECK(std::get<sample::Rotate>(e.augmentation[1]).max_angle == 10);
}

TEST_CASE("an element of another type starts from that type's defaults") {
  const Experiment e = sample::parse(sample::kFullText, {"augmentation[0].type=rotate"});
  CHECK(std::get<sample::Rotate>(e.augmentation[0]).max_angle == 45);
  CHECK_THAT(complaint(sample::kFullText, {"augmentation[0].max_angle=10"}),
             Contains("--set augmentation[0].max_angle: augmentation[0].max_angle is not a setting"));
}

TEST_CASE("overrides of elements and of their list have no order, and the last one of an element wins") {
  const std::vector<std::string> list{"training.stages=[{epochs: 4}, {epochs: 5}]"};
  const std::vector<std::string> element{"training.stages[1].epochs=6"};
  for (const auto& [first, second] : {std::pair(list, element), std::pair(element, list)}) {
    const Experiment e = sample::parse(sample::kFullText, {first[0], second[0]});
    REQUIRE(e.training.stages.size() == 2);
    CHECK(e.training.stages[0].epochs == 4);
    CHECK(e.training.stages[1].epochs == 6);
    CHECK(e.training.stages[1].trainable_from == "head");
  }
  CHECK(sample::parse(sample::kFullText, {"channels[1]=3", "channels[0]=2", "channels[1]=4"}).channels ==
        std::vector<int64_t>{2, 4});
}

TEST_CASE("an element that does not exist is told with those that do") {
  CHECK_THAT(
      complaint(sample::kFullText, {"training.stages[2].epochs=3"}),
      Contains(
          "--set training.stages[2].epochs: training.stages[2] does not exist: training.stages has 2 elements, [0] to [1]."));
  CHECK_THAT(complaint(sample::kFullText, {"channels=[4]", "channels[1]=3"}), Contains("channels has 1 element, [0]."));
  CHECK_THAT(complaint(sample::kFullText, {"channels=[]", "channels[0]=3"}), Contains("channels has 0 elements."));
  CHECK_THAT(complaint(sample::kShortText, {"training.stages[0].epochs=3"}),
             Contains("training.stages is not given, so it has no elements to change. Give the whole list."));
  CHECK_THAT(complaint(sample::kShortText + "channels: 3\n", {"channels[0]=3"}), Contains("channels is 3; it must be a list"));
}

TEST_CASE("an element of what is no list, and a wrong value of an element, are told") {
  CHECK_THAT(complaint(sample::kFullText, {"training.epochs[0]=3"}),
             Contains("--set training.epochs[0]: training.epochs is a list; it must be a whole number"));
  CHECK_THAT(complaint(sample::kFullText, {"schedule[0].floor=3"}), Contains("schedule is a list; it must be a section"));
  CHECK_THAT(complaint(sample::kFullText, {"training.stage[0].epochs=3"}), Contains("Did you mean training.stages?"));
  CHECK_THAT(complaint(sample::kFullText, {"training.stages[0].epochs=0"}),
             Contains("--set training.stages[0].epochs: training.stages[0].epochs is 0; it must be at least 1"));
  CHECK_THAT(complaint(sample::kFullText, {"training.stages[0].epoch=1"}), Contains("Did you mean training.stages[0].epochs?"));
  CHECK_THAT(complaint(sample::kFullText, {"channels[0]=many"}), Contains("channels[0] is many; it must be a whole number"));
  for (const char* key : {"channels[", "channels[]", "channels[x]", "channels[-1]", "[0]", "channels[0]x", "channels]",
                          "channels.[0]", "channels[99999999999999999999999]", "training.stages[].epochs"}) {
    INFO(key);
    CHECK_THAT(complaint(sample::kFullText, {std::string(key) + "=1"}), Contains("an override must be written key=value"));
  }
}
