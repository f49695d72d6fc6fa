#include "hpcai/trainer/average.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "hpcai/optim/make_optimizer.h"

using namespace hpcai::trainer;

TEST_CASE("the average follows its recurrence and forgets the start soon") {
  const at::Tensor weight = at::full({2}, 1.0, at::kDouble);
  WeightAverage average({{"w", weight}}, 0.9);
  double expected = 1.0;
  for (int64_t step = 0; step < 200; ++step) {
    weight.fill_(static_cast<double>(step));
    average.prepare(step);
    average.update();
    const double decay = std::min(0.9, (1.0 + static_cast<double>(step)) / (10.0 + static_cast<double>(step)));
    expected = decay * expected + (1 - decay) * static_cast<double>(step);
    REQUIRE(average.tensors()[0].second[1].item<double>() == Approx(expected).epsilon(1e-12));
  }
}

TEST_CASE("swapping twice restores both the model and the average") {
  const at::Tensor weight = at::arange(4, at::kFloat);
  WeightAverage average({{"w", weight}}, 0.5);
  weight.add_(10);
  const at::Tensor live = weight.clone(), kept = average.tensors()[0].second.clone();
  {
    ScopedAverage scope(average);
    CHECK(at::equal(weight, kept));
    CHECK(at::equal(average.tensors()[0].second, live));
  }
  CHECK(at::equal(weight, live));
  CHECK(at::equal(average.tensors()[0].second, kept));
}

TEST_CASE("decay 0 keeps no average, and counters are not averaged") {
  const at::Tensor weight = at::ones({3});
  WeightAverage none({{"w", weight}}, 0);
  CHECK_FALSE(none.enabled());
  none.prepare(1);
  none.update();
  none.swap();
  CHECK(at::equal(weight, at::ones({3})));
  WeightAverage average({{"w", weight}, {"n", at::ones({1}, at::kLong)}}, 0.5);
  CHECK(average.tensors().size() == 1);
}

TEST_CASE("an average in the pass of the update is that after the update, also of tensors that the optimizer does not change") {
  using hpcai::NamedTensors;
  at::manual_seed(2);
  const NamedTensors start{{"w", at::randn({20, 3})}, {"frozen", at::randn({5})}, {"statistics", at::randn({4})}};
  std::vector<std::vector<at::Tensor>> results;
  for (const bool together : {true, false}) {
    NamedTensors live;
    for (const auto& [name, tensor] : start) live.emplace_back(name, tensor.clone());
    WeightAverage average(live, 0.9);
    for (size_t i = 0; i < 2; ++i) live[i].second.requires_grad_(i == 0).mutable_grad() = at::ones_like(live[i].second);
    const auto optimizer = hpcai::optim::make_optimizer(hpcai::optim::SgdConfig{}, {live[0], live[1]});
    for (int64_t step = 0; step < 5; ++step) {
      live[2].second.add_(1);
      optimizer->prepare(0.1);
      average.prepare(step);
      if (together) {
        average.update_with(*optimizer);
      } else {
        optimizer->update();
        average.update();
      }
    }
    auto& result = results.emplace_back();
    for (const auto& [name, tensor] : live) result.push_back(tensor.detach());
    for (const auto& [name, tensor] : average.tensors()) result.push_back(tensor);
  }
  for (size_t i = 0; i < results[0].size(); ++i) CHECK(at::allclose(results[0][i], results[1][i], 1e-6, 1e-7));
}
