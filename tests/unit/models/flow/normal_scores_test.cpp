#include "hpcai/models/flow/normal_scores.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <stdexcept>

namespace hpcai::models {

TEST_CASE("a value that is uniform in its range becomes standard normal") {
  NormalScores scores(2);
  scores.set_ranges({{20, 50}, {-1, 1}});
  const at::Tensor value = torch::tensor({{20 + 30 * 0.975F, 0.0F}, {35.0F, 1 - 2 * 0.8413447F}});
  const at::Tensor z = scores.to_normal(value);
  CHECK(z[0][0].item<float>() == Approx(1.959964).epsilon(1e-4));
  CHECK(z[0][1].item<float>() == Approx(0).margin(1e-6));
  CHECK(z[1][0].item<float>() == Approx(0).margin(1e-6));
  CHECK(z[1][1].item<float>() == Approx(-1).epsilon(1e-4));
  CHECK(at::allclose(scores.from_normal(z), value, 1e-5, 1e-5));
}

TEST_CASE("values at and beyond a bound have finite scores, and scores of any size values within the range") {
  NormalScores scores(1);
  scores.set_ranges({{0, 0.04}});
  const at::Tensor z = scores.to_normal(torch::tensor({{0.0F}, {0.04F}, {-1.0F}, {7.0F}}));
  CHECK(z.isfinite().all().item<bool>());
  const at::Tensor value = scores.from_normal(torch::tensor({{-40.0F}, {40.0F}}));
  CHECK(value[0].item<float>() >= 0);
  CHECK(value[1].item<float>() <= 0.04F);
}

TEST_CASE("a standard normal density of the scores is the uniform density of the values") {
  NormalScores scores(3);
  scores.set_ranges({{20, 50}, {-1, 1}, {100, 2000}});
  const at::Tensor z = at::randn({50, 3});
  const at::Tensor log_normal = -0.5 * z.square().sum(1) - 1.5 * std::log(2 * M_PI);
  CHECK(NormalScores::relative_to_uniform(z, log_normal).abs().max().item<float>() < 1e-5);
  CHECK(scores.log_uniform() == Approx(-std::log(30.0 * 2 * 1900)));
}

TEST_CASE("the ranges are part of the saved state") {
  NormalScores scores(1);
  scores.set_ranges({{2, 5}});
  CHECK(scores.named_buffers()["low"].item<float>() == 2);
  CHECK(scores.named_buffers()["width"].item<float>() == 3);
  CHECK_THROWS_AS(scores.set_ranges({{2, 2}}), std::invalid_argument);
  CHECK_THROWS_AS(scores.set_ranges({{0, 1}, {0, 1}}), std::invalid_argument);
}

}  // namespace hpcai::models
