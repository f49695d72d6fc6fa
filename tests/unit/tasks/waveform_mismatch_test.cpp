#include "hpcai/tasks/waveform_mismatch.h"

#include <torch/types.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "fixed_output.h"
#include "hpcai/core/error.h"
#include "hpcai/core/random.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/simulate/binary_coordinates.h"
#include "hpcai/simulate/waveform_metric.h"
#include "hpcai/tasks/mismatch_metric.h"
#include "hpcai/tasks/task.h"
#include "hpcai/tasks/waveform_coordinates.h"

namespace hpcai::tasks {
namespace {

constexpr simulate::TimeGrid kCoarseGrid{-600, 100, 2};
const data::SampleSpec kCoarseWaveforms{{1, 350}, {}, {"q", "s1", "s2"}, kCoarseGrid};

const MismatchMetric& metric() {
  static const MismatchMetric once(kCoarseGrid, at::kCPU, 0);
  return once;
}

at::Tensor random_binaries(int64_t count) {
  at::Tensor rows = at::empty({count, 3}, at::kDouble);
  for (int64_t i = 0; i < count; ++i) {
    Random random(5, 0, static_cast<uint64_t>(i), Purpose::test);
    rows[i][0] = random.uniform(1, 8);
    rows[i][1] = random.uniform(-0.8, 0.8);
    rows[i][2] = random.uniform(-0.8, 0.8);
  }
  return rows;
}

}  // namespace

TEST_CASE("coordinates as tensors are those of the simulation, and their inverse stays in the domain") {
  const at::Tensor binaries = random_binaries(20), at = to_coordinates(binaries);
  for (int64_t i = 0; i < 20; ++i) {
    const auto row = binaries[i];
    const auto expected = simulate::coordinates({row[0].item<double>(), row[1].item<double>(), row[2].item<double>()});
    CHECK(at[i][0].item<double>() == Approx(expected.log_mass_ratio));
    CHECK(at[i][1].item<double>() == Approx(expected.effective_spin));
    CHECK(at[i][2].item<double>() == Approx(expected.spin_difference));
  }
  CHECK(at::allclose(to_parameters(at), binaries));

  const at::Tensor outside = torch::tensor({{-0.1, 0.2, 0.1}, {3.0, 0.9, 0.0}, {1.0, 0.5, 2.0}, {1.0, -0.7, -3.0}}, at::kDouble);
  const at::Tensor inside = to_parameters(outside);
  CHECK(inside.select(1, 0).min().item<double>() >= 1);
  CHECK(inside.select(1, 0).max().item<double>() <= Approx(8));
  CHECK(inside.narrow(1, 1, 2).abs().max().item<double>() <= 0.8);
  // s1 - s2 gives way, chi_eff stays.
  CHECK(to_coordinates(inside)[2][1].item<double>() == Approx(0.5));
  CHECK(to_coordinates(inside)[3][1].item<double>() == Approx(-0.7));
}

TEST_CASE("the interpolated metric is that of the waveforms, to some per cent for most binaries") {
  const int64_t count = 12;
  std::vector<double> errors;
  const at::Tensor truth = random_binaries(count);
  Random random(6, 0, 0, Purpose::test);
  for (int repeat = 0; repeat < 4; ++repeat) {
    at::Tensor change = at::empty({count, 3}, at::kDouble);
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t k = 0; k < 3; ++k) change[i][k] = random.normal();
    }
    if (repeat == 0) change.narrow(1, 0, 2).zero_();
    const at::Tensor found = metric()(change, truth);
    for (int64_t i = 0; i < count; ++i) {
      const auto g = simulate::waveform_metric(
          {truth[i][0].item<double>(), truth[i][1].item<double>(), truth[i][2].item<double>()}, kCoarseGrid);
      double expected = 0;
      for (size_t a = 0; a < 3; ++a) {
        for (size_t b = 0; b < 3; ++b) expected += change[i][a].item<double>() * g[a][b] * change[i][b].item<double>();
      }
      errors.push_back(std::abs(found[i].item<double>() - expected) / (expected + 0.02));
    }
  }
  std::ranges::sort(errors);
  INFO(errors[errors.size() / 2] << " " << errors[errors.size() * 9 / 10] << " " << errors.back());
  CHECK(errors[errors.size() / 2] < 0.02);
  CHECK(errors[errors.size() * 9 / 10] < 0.15);
  CHECK(errors.back() < 0.5);
}

TEST_CASE("the mismatch loss is the mean of log(1 + m / scale), its gradient leads to the truth, and it needs prepare()") {
  const auto task = make(WaveformMismatchConfig{.scale = 0.02}, {});
  const at::Tensor label = random_binaries(6).to(at::kFloat);
  const Batch batch{{at::zeros({6, 1, 350}), label}};
  at::Tensor output = at::full({6, 3}, 0.3F).requires_grad_();
  FixedOutput model(output);
  CHECK_THROWS_AS(task->loss(Network(model), batch), std::logic_error);
  task->prepare(kCoarseWaveforms, at::kCPU);
  const at::Tensor loss = task->loss(Network(model), batch);

  const at::Tensor change =
      output.detach() * torch::tensor({0.5F, 0.4F, 0.65F}) + torch::tensor({1.4F, 0.0F, 0.0F}) - to_coordinates(label);
  const at::Tensor mismatch = metric()(change, label) + (change.select(1, 2) / 0.65).square() * 1e-4;
  CHECK(loss.item<double>() == Approx((mismatch / 0.02).log1p().mean().item<double>()).epsilon(1e-4));
  loss.backward();
  CHECK((output.grad().sum()).isfinite().item<bool>());
  CHECK((output.grad() * change / torch::tensor({0.5F, 0.4F, 0.65F})).sum().item<double>() > 0);
}

TEST_CASE("the predictions of the mismatch task are parameters within the domain") {
  const auto task = make(WaveformMismatchConfig{}, {});
  CHECK(task->outputs(kCoarseWaveforms) == 3);
  CHECK_THROWS_AS(task->outputs({{1, 350}, {}, {"q", "s1", "s2"}}), Error);  // no time grid
  for (const simulate::TimeGrid few : {simulate::TimeGrid{-4, 10, 2}, simulate::TimeGrid{-2, 5, 0.1}}) {
    CHECK_THROWS_AS(task->outputs({{1, few.size()}, {}, {"q", "s1", "s2"}, few}), Error);  // 7 samples that are 1 M apart
  }
  CHECK(task->outputs({{1, 8}, {}, {"q", "s1", "s2"}, simulate::TimeGrid{-4, 12, 2}}) == 3);
  task->prepare(kCoarseWaveforms, at::kCPU);
  const auto group = distributed::make_single_group();
  const auto evaluation = task->start_evaluation(kCoarseWaveforms, at::kCPU);
  FixedOutput model(torch::tensor({{0.0F, 0.0F, 0.0F}, {9.0F, 9.0F, 9.0F}}));
  evaluation->add(Network(model), {{at::zeros({2, 1, 350}), torch::tensor({{4.0F, 0.0F, 0.0F}, {8.0F, 0.8F, 0.8F}})}}, {0, 1});
  const auto result = evaluation->finish(*group);
  const auto table = task->table(kCoarseWaveforms, result.predictions);
  CHECK(table.columns == std::vector<std::string>{"q", "s1", "s2"});
  CHECK(table.predictions[0] == Approx(std::exp(1.4)));
  CHECK(table.predictions[3] == Approx(8));
  CHECK(table.predictions[4] == Approx(0.8));
}

}  // namespace hpcai::tasks
