#include "hpcai/scaling/study/predict_curve.h"

#include <catch2/catch.hpp>

#include "sample_curves.h"

using namespace hpcai::scaling;

namespace {

// No communication at all, a step costs 1 ms a sample: scaling is ideal until each rank has one sample.
Calibration ideal() {
  Calibration calibration;
  calibration.device = "cpu";
  calibration.workload.forward.per_sample_s = 0.0004;
  calibration.workload.backward.per_sample_s = 0.0006;
  calibration.workload.blocking_exchanges = 0;
  calibration.workload.blocking_bytes = 0;
  calibration.machine.in_node.latency_s = calibration.machine.between_nodes.latency_s = 1e-12;
  return calibration;
}

const PredictedPoint& on_ranks(const std::vector<PredictedPoint>& points, int world) {
  return *std::find_if(points.begin(), points.end(), [&](const PredictedPoint& point) { return point.world == world; });
}

}  // namespace

TEST_CASE("without costs of communication the prediction is the ideal line from the measured world") {
  const Curve curve = test::curve("xception", {1, 2, 6}, 1000, 0.7, 0);
  const auto points = predict_curve(curve, ideal(), {.global_batch = 128, .largest_on_one_host = 6, .ranks_per_node = 2});
  const double one = curve.base()->time_s->median;
  CHECK(on_ranks(points, 1).time_s == Approx(one));
  CHECK(on_ranks(points, 6).time_s == Approx(one / 6));
  CHECK(on_ranks(points, 64).time_s == Approx(one / 64));
  CHECK(on_ranks(points, 64).global_batch == 128);
  // one sample a rank, and as many fewer steps: 1536 times faster, if the epochs stay
  CHECK(on_ranks(points, 1536).global_batch == 1536);
  CHECK(on_ranks(points, 1536).time_s == Approx(one / 1536));
  CHECK(on_ranks(points, 1536).epochs == *curve.base()->epochs);
}

TEST_CASE("what does not divide among ranks shows as lost efficiency") {
  Calibration calibration = ideal();
  calibration.workload.update.fixed_s = 0.128;  // as much as all samples on one rank
  const Curve curve = test::curve("xception", {1}, 1000, 1, 0);
  const auto points = predict_curve(curve, calibration, {.global_batch = 128, .ranks_per_node = 4});
  const double one = curve.base()->time_s->median;
  CHECK(on_ranks(points, 2).time_s == Approx(one * 0.75));
  CHECK(on_ranks(points, 64).time_s > one / 2);
}

TEST_CASE("there is nothing to carry on when no run reached the target") { CHECK(predict_curve(Curve{}, ideal(), {}).empty()); }
