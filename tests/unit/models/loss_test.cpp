#include "hpcai/models/loss.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "hpcai/core/error.h"

namespace hpcai::models {

TEST_CASE("the redundant spin targets follow from mass ratio and spins") {
  const at::Tensor targets = waveform_targets(torch::tensor({{2.0, 0.5, -0.3}, {1.0, 0.2, 0.4}}, at::kDouble));
  CHECK(targets[0][3].item<double>() == Approx((2 * 0.5 - 0.3) / 3));
  CHECK(targets[0][4].item<double>() == Approx((1 + 3.0 / 8) * 0.5 + (1 + 1.5) * -0.3));
  CHECK(targets[1][3].item<double>() == Approx(0.3));
  CHECK(targets[1][4].item<double>() == Approx(1.75 * 0.6));
}

TEST_CASE("the waveform loss is the error of q plus the mean error of the four spins") {
  const at::Tensor target = torch::tensor({{3.0, 0.1, -0.2}, {5.0, -0.7, 0.6}}, at::kDouble);
  const at::Tensor offset = torch::tensor({{0.3, 0.1, 0.2, 0.3, 0.4}, {-0.1, 0.5, 0.0, 0.0, 0.0}}, at::kDouble);
  const auto loss = make_loss(WaveformMseConfig{});
  const double q = (0.3 * 0.3 + 0.1 * 0.1) / 2, spins = (0.01 + 0.04 + 0.09 + 0.16 + 0.25) / 8;
  CHECK((*loss)(waveform_targets(target) + offset, target).item<double>() == Approx(q + spins));
  CHECK(loss->outputs(0, 3) == 5);
  CHECK_THROWS_AS(loss->outputs(2, 0), Error);
}

TEST_CASE("cross entropy with label smoothing is that of the smoothed target") {
  const at::Tensor logits = torch::tensor({{1.0, -0.5, 0.2}, {0.0, 2.0, -1.0}}, at::kDouble);
  const at::Tensor target = torch::tensor({0, 2});
  const at::Tensor log_probability = at::log_softmax(logits, 1);
  double expected = 0;
  for (int64_t i = 0; i < 2; ++i) {
    for (int64_t c = 0; c < 3; ++c) {
      const double weight = 0.1 / 3 + (c == target[i].item<int64_t>() ? 0.9 : 0);
      expected -= weight * log_probability[i][c].item<double>() / 2;
    }
  }
  const auto loss = make_loss(CrossEntropyConfig{.label_smoothing = 0.1});
  CHECK((*loss)(logits, target).item<double>() == Approx(expected));
  CHECK(loss->outputs(3, 0) == 3);
  CHECK_THROWS_AS(loss->outputs(0, 3), Error);
}

TEST_CASE("losses of half-precision outputs are computed in float32") {
  const at::Tensor logits = at::randn({4, 2}).to(at::kBFloat16);
  CHECK((*make_loss(CrossEntropyConfig{}))(logits, torch::tensor({0, 1, 0, 1})).scalar_type() == at::kFloat);
  CHECK((*make_loss(WaveformMseConfig{}))(at::randn({4, 5}).to(at::kBFloat16), at::rand({4, 3}) + 1).scalar_type() == at::kFloat);
}

}  // namespace hpcai::models
