#include "hpcai/trainer/loss_scaler.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/reducer.h"
#include "unit/metrics/thread_group.h"

using namespace hpcai;
using namespace hpcai::trainer;
using distributed::WirePrecision;

namespace {

nlohmann::json torch_steps() {
  std::ifstream in(HPCAI_SOURCE_DIR "/tests/fixtures/optim/loss_scale.json");
  return nlohmann::json::parse(in);
}

at::Tensor gradient_of(const nlohmann::json& step) {
  std::vector<float> values;
  for (const auto& text : step.at("gradient")) values.push_back(std::stof(text.get<std::string>()));
  return at::tensor(values) * step.at("scale").get<double>();
}

const float kInfinity = std::numeric_limits<float>::infinity();

bool overflowing_step(LossScaler& scaler, int64_t step) {
  scaler.unscale({at::full({3}, kInfinity)});
  return scaler.accept(step);
}

}  // namespace

TEST_CASE("scale, skipped steps and unscaled gradients are those of torch.amp.GradScaler, also across a save and a load") {
  const auto expected = torch_steps();
  const LossScaling scaling{.initial = expected.at("initial"), .growth_interval = expected.at("growth_interval")};
  LossScaler scaler(scaling);
  int64_t number = 0;
  int64_t skipped = 0;
  for (const auto& step : expected.at("steps")) {
    INFO("step " << number);
    REQUIRE(scaler.scale() == step.at("scale").get<double>());
    const at::Tensor gradient = gradient_of(step);
    scaler.unscale({gradient});
    REQUIRE(scaler.accept(++number) == step.at("moved").get<bool>());
    CHECK(scaler.scale() == step.at("scale_after").get<double>());
    skipped += step.at("moved").get<bool>() ? 0 : 1;
    if (step.at("moved")) {
      for (int64_t i = 0; i < 2; ++i) CHECK(gradient[i].item<float>() == step.at("unscaled")[i].get<float>());
    }
    LossScaler next(scaling);
    next.load(nlohmann::json::parse(scaler.state().dump()));
    scaler = next;
    CHECK(scaler.skipped() == skipped);
  }
  CHECK(skipped > 0);
  CHECK(LossScaler().scale() == 65536);
}

TEST_CASE("gradients that overflow at the smallest scale again and again end the training with what to do") {
  LossScaler scaler({.initial = 2, .most_skipped = 3});
  for (int64_t step = 1; step <= 3; ++step) CHECK_FALSE(overflowing_step(scaler, step));
  CHECK(scaler.scale() == 1);
  scaler.unscale({at::ones({3})});
  CHECK(scaler.accept(4));  // one good step starts the count anew
  for (int64_t step = 5; step <= 6; ++step) CHECK_FALSE(overflowing_step(scaler, step));
  try {
    overflowing_step(scaler, 7);
    FAIL("accepted");
  } catch (const SharedError& e) {
    CHECK(e.code() == ExitCode::diverged);
    CHECK(std::string(e.what()).find("step 7") != std::string::npos);
    CHECK(e.remedy().find("bf16") != std::string::npos);
  }
}

TEST_CASE("a gradient that overflows on one rank is skipped by all, on every wire") {
  const auto wire = GENERATE(WirePrecision::same, WirePrecision::bf16, WirePrecision::fp16);
  const float broken = GENERATE(as<float>{}, kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN());
  for (int culprit = 0; culprit < 4; ++culprit) {
    std::vector<int> accepted(4, -1);
    std::vector<double> scales(4);
    metrics::as_ranks(4, [&](distributed::Group& group) {
      const at::Tensor weight = at::ones({5}).requires_grad_(), other = at::ones({3}).requires_grad_();
      distributed::Reducer reducer(group, {weight, other}, {.bucket_mb = 1e-9, .first_bucket_mb = 1e-9, .wire_precision = wire});
      LossScaler scaler;
      reducer.zero_grad();
      reducer.prepare();
      // the opposite infinity elsewhere, which must not cancel
      const float factor = group.rank() == culprit ? broken : group.rank() == (culprit + 1) % 4 ? -broken : 1e-3F;
      scaler.scaled((weight * at::tensor({1.0F, 1.0F, factor, 1.0F, 1.0F})).sum() / 1e3 + other.sum() / 1e3).backward();
      reducer.finish();
      scaler.unscale(reducer.flat_gradients());
      accepted[static_cast<size_t>(group.rank())] = scaler.accept(1);
      scales[static_cast<size_t>(group.rank())] = scaler.scale();
    });
    CHECK(accepted == std::vector<int>(4, 0));
    CHECK(scales == std::vector<double>(4, 32768));
  }
}

TEST_CASE("a mean that fits into fp16 is no overflow, although the sum over the ranks would be") {
  std::vector<double> means(4);
  metrics::as_ranks(4, [&](distributed::Group& group) {
    const at::Tensor weight = at::ones({1}).requires_grad_();
    distributed::Reducer reducer(group, {weight}, {.wire_precision = WirePrecision::fp16});
    reducer.zero_grad();
    reducer.prepare();
    (weight * 40000).sum().backward();
    reducer.finish();
    means[static_cast<size_t>(group.rank())] = weight.grad().item<double>();
  });
  CHECK(means == std::vector<double>(4, 40000));
}

TEST_CASE("the loss is scaled where fp16 is, in arithmetic or on the wire") {
  CHECK(needs_loss_scale(Precision::fp16, WirePrecision::same));
  CHECK(needs_loss_scale(Precision::bf16, WirePrecision::fp16));
  CHECK_FALSE(needs_loss_scale(Precision::bf16, WirePrecision::bf16));
  CHECK_FALSE(needs_loss_scale(Precision::fp32, WirePrecision::same));
}
