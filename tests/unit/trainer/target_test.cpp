#include "hpcai/trainer/target.h"

#include <catch2/catch.hpp>

#include "metric_choice.h"

using namespace hpcai;
using namespace hpcai::trainer;

namespace {

Target target(const char* metric, double value, bool stop = false) {
  EvaluationConfig config;
  config.target_metric = metric_choice(metric);
  config.target_value = value;
  config.stop_at_target = stop;
  return Target(config);
}

Position after(int64_t epoch) { return {.step = 10 * epoch, .epoch = epoch}; }

}  // namespace

TEST_CASE("a target is reached at the first evaluation that meets it") {
  Target accuracy = target("accuracy", 0.9);
  CHECK_FALSE(accuracy.observe({{"accuracy", 0.89}, {"loss", 0.1}}, after(1), 5));
  CHECK(accuracy.summary() == nlohmann::json{{"metric", "accuracy"}, {"value", 0.9}, {"reached", false}});
  CHECK_FALSE(accuracy.observe({{"accuracy", 0.9}}, after(2), 7));  // reached, but nobody asked to stop
  accuracy.observe({{"accuracy", 0.99}}, after(3), 9);
  CHECK(accuracy.summary() ==
        nlohmann::json{{"metric", "accuracy"}, {"value", 0.9}, {"reached", true}, {"time_s", 7.0}, {"epoch", 2}, {"step", 20}});
}

TEST_CASE("a loss is reached from above, and training may end there") {
  Target loss = target("loss", 0.5, true);
  CHECK_FALSE(loss.observe({{"loss", 0.51}}, after(1), 1));
  CHECK(loss.observe({{"loss", 0.5}}, after(2), 2));
}

TEST_CASE("what is not measured does not reach a target, and without a target nothing is told") {
  Target overlap = target("overlap_median", 0.9, true);
  CHECK_FALSE(overlap.observe({{"loss", 0.0}}, after(1), 1));
  CHECK_FALSE(overlap.observe({{"overlap_median", nullptr}}, after(2), 2));
  Target none = target("none", 0);
  CHECK_FALSE(none.observe({{"loss", -1.0}}, after(1), 1));
  CHECK(none.summary().is_null());
}

TEST_CASE("when a target was reached survives a resume") {
  Target before = target("loss", 1);
  before.observe({{"loss", 0.5}}, after(4), 33);
  Target resumed = target("loss", 1);
  resumed.load(before.state());
  resumed.observe({{"loss", 0.1}}, after(5), 44);
  CHECK(resumed.summary() == before.summary());
}
