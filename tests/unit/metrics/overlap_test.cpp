#include "check.h"

#include "hpcai/metrics/overlap.h"

#include <ATen/ATen.h>

#include <cmath>

#include "hpcai/simulate/overlap.h"

using namespace hpcai;
using namespace hpcai::metrics;

namespace {

const simulate::TimeGrid kGrid{-500, 100, 0.5};

}  // namespace

TEST_CASE("overlaps of predictions are those of their waveforms, in the order of the samples, on any number of threads") {
  const auto truth = at::tensor({1.0, 0.0, 0.0, 4.0, 0.5, -0.3, 8.0, -0.8, 0.8}).reshape({3, 3});
  const auto predicted =
      at::tensor({1.0, 0.0, 0.0, 0.1, 0.2, 4.4, 0.3, -0.3, 0.1, 0.2, 7.0, -0.7, 0.1, 0.1, 0.2}).reshape({3, 5});
  const auto result = overlaps(truth, predicted, kGrid, 1);
  REQUIRE(result.values.size() == 3);
  CHECK(result.clamped == 0);
  CHECK(result.values[0] == Approx(1).epsilon(1e-9));
  CHECK(result.values[1] == simulate::overlap(simulate::h22({4, 0.5, -0.3}, kGrid), simulate::h22({4.4, 0.3, -0.3}, kGrid)));
  CHECK(result.values[2] < result.values[0]);
  CHECK(overlaps(truth, predicted, kGrid, 3).values == result.values);
}

TEST_CASE("predictions outside the model's range are moved to its edge and counted, and those that are not finite overlap 0") {
  const auto truth = at::tensor({1.0, 0.0, 0.0, 2.0, 0.8, 0.8, 3.0, 0.0, 0.0}).reshape({3, 3});
  const auto predicted = at::tensor({0.5, 0.0, 0.0, 2.0, 0.95, 1.2, NAN, 0.0, 0.0}).reshape({3, 3});
  const auto result = overlaps(truth, predicted, kGrid, 2);
  CHECK(result.clamped == 3);
  CHECK(result.values[0] == Approx(1).epsilon(1e-9));
  CHECK(result.values[1] == Approx(1).epsilon(1e-6));
  CHECK(result.values[2] == 0);
  CHECK(result.summary().at("overlap_clamped") == 3);
  CHECK(result.summary().at("overlap_min") == 0);
}

TEST_CASE("the summary has the quantiles of the worst samples, and weights change the overlaps") {
  const auto truth = at::tensor({3.0, 0.1, 0.2}).reshape({1, 3}), predicted = at::tensor({3.2, 0.1, 0.2}).reshape({1, 3});
  const auto white = overlaps(truth, predicted, kGrid, 1);
  const simulate::DetectorNoise noise{{1, std::vector<double>(200, 1e-46)}, 60, 60};
  const auto weights = simulate::noise_weights(noise, kGrid);
  const auto coloured = overlaps(truth, predicted, kGrid, 1, weights);
  CHECK(coloured.values[0] ==
        simulate::overlap(simulate::h22({3, 0.1, 0.2}, kGrid), simulate::h22({3.2, 0.1, 0.2}, kGrid), weights));
  CHECK(coloured.values[0] != white.values[0]);
  CHECK(white.summary().at("overlap_p001") == white.values[0]);
  CHECK(white.summary().at("overlap_p01") == white.values[0]);
}

TEST_CASE("samples outside the model's range are left out, and some are chosen evenly among the rest") {
  const at::Tensor truth = at::tensor({1.0, 0.8, -0.8, 8.5, 0.0, 0.0, 8.0, 0.0, 0.0, 3.0, 0.9, 0.0, 2.0, NAN, 0.0, 4.0, 0.1, 0.2})
                               .reshape({6, 3})
                               .to(at::kFloat);
  const auto is = [](const at::Tensor& rows, at::IntArrayRef expected) { return rows.equal(at::tensor(expected, at::kLong)); };
  const at::Tensor rows = covered_rows(truth);
  CHECK(is(rows, {0, 2, 5}));
  CHECK(is(spread_evenly(rows, 2), {0, 2}));
  CHECK(is(spread_evenly(rows, 9), {0, 2, 5}));
  CHECK(spread_evenly(rows, 0).numel() == 0);
  CHECK(spread_evenly(rows.slice(0, 0, 0), 2).numel() == 0);
}

TEST_CASE("quantiles match numpy's") {
  const std::vector<double> sorted = {1, 2, 4, 8};
  CHECK(quantile(sorted, 0) == 1);
  CHECK(quantile(sorted, 0.5) == 3);
  CHECK(quantile(sorted, 0.05) == Approx(1.15));
  CHECK(quantile(sorted, 0.75) == 5);
  CHECK(quantile(sorted, 1) == 8);
  CHECK(quantile({7}, 0.3) == 7);
}

TEST_CASE("the summary of no samples has no overlaps") {
  const auto summary = Overlaps{}.summary();
  CHECK(summary.at("overlap_samples") == 0);
  CHECK_FALSE(summary.contains("overlap_median"));
}
