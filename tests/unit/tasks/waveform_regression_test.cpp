#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/tasks/waveform_regression.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "fixed_output.h"
#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/metrics/overlap.h"
#include "hpcai/tasks/task.h"
#include "hpcai/tasks/waveform_coordinates.h"
#include "hpcai/tasks/waveform_targets.h"

namespace hpcai::tasks {
namespace {

constexpr simulate::TimeGrid kGrid{-300, 100, 1};
const data::SampleSpec kWaveforms{{1, 400}, {}, {"q", "s1", "s2"}, kGrid};
const data::SampleSpec kClasses{{3, 8, 8}, {"spiral", "elliptical"}, {}};

std::unique_ptr<Task> regression(int64_t overlap_samples = 0) {
  return make(WaveformRegressionConfig{}, {.overlap_samples = overlap_samples});
}

}  // namespace

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
  FixedOutput model(waveform_targets(target) + offset);
  const double q = (0.3 * 0.3 + 0.1 * 0.1) / 2, spins = (0.01 + 0.04 + 0.09 + 0.16 + 0.25) / 8;
  CHECK(regression()->loss(Network(model), {{at::zeros({2, 1, 4}), target}}).item<double>() == Approx(q + spins));
}

TEST_CASE("derived targets: three outputs, from which chi_eff and S_eff follow, have the same loss") {
  const auto derived = make(WaveformRegressionConfig{.targets = WaveformTargets::derived}, {});
  CHECK(derived->outputs(kWaveforms) == 3);
  const at::Tensor target = torch::tensor({{3.0, 0.1, -0.2}, {5.0, -0.7, 0.6}}, at::kDouble);
  const at::Tensor output = torch::tensor({{3.3, 0.2, 0.0}, {0.0, -0.2, 0.6}}, at::kDouble);  // q = 0 is no division by 0
  FixedOutput three(output), five(waveform_targets(output));
  const Batch batch{{at::zeros({2, 1, 4}), target}};
  CHECK(derived->loss(Network(three), batch).item<double>() == Approx(regression()->loss(Network(five), batch).item<double>()));
}

TEST_CASE("coordinates as targets count by their widths, and predictions stay in the domain") {
  const auto task = make(WaveformRegressionConfig{.targets = WaveformTargets::coordinates}, {});
  CHECK(task->outputs(kWaveforms) == 3);
  const at::Tensor target = torch::tensor({{3.0, 0.1, -0.2}, {5.0, -0.7, 0.6}}, at::kDouble);
  FixedOutput exact((to_coordinates(target) - torch::tensor({1.4, 0.0, 0.0}, at::kDouble)) /
                    torch::tensor({0.5, 0.4, 0.65}, at::kDouble));
  const Batch batch{{at::zeros({2, 1, 4}), target}};
  CHECK(task->loss(Network(exact), batch).item<double>() == Approx(0).margin(1e-20));
  FixedOutput off(exact.forward({}) + torch::tensor({0.3, -0.6, 0.9}, at::kDouble));
  CHECK(task->loss(Network(off), batch).item<double>() == Approx((0.09 + 0.36 + 0.81) / 3));
}

TEST_CASE("the waveform loss of half-precision outputs is computed in float32") {
  FixedOutput model(at::randn({4, 5}).to(at::kBFloat16));
  CHECK(regression()->loss(Network(model), {{at::zeros({4, 1, 4}), at::rand({4, 3}) + 1}}).scalar_type() == at::kFloat);
}

TEST_CASE("the waveform regression wants the parameters of a merger") {
  CHECK(regression()->outputs(kWaveforms) == 5);
  CHECK_THROWS_AS(regression()->outputs(kClasses), Error);
  CHECK_THROWS_AS(regression()->outputs({{1, 400}, {}, {"q", "s1"}}), Error);
  CHECK_THROWS_AS(regression()->outputs({{1, 400}, {}, {"mass", "s1", "s2"}}), Error);
  CHECK_FALSE(regression()->averages_views());
}

TEST_CASE("overlaps are measured where they are asked for and waveforms can be made anew") {
  const auto measures = [](int64_t overlap_samples, const data::SampleSpec& spec) {
    std::vector<std::string> names;
    const auto chosen = regression(overlap_samples);
    for (const Metric& metric : chosen->metrics()) {
      if (chosen->lacks(metric, spec).empty()) names.emplace_back(metric.name);
    }
    return names;
  };
  CHECK(measures(5, kWaveforms) == std::vector<std::string>{"loss", "overlap_median", "overlap_p05", "overlap_p01"});
  CHECK(measures(0, kWaveforms) == std::vector<std::string>{"loss"});
  CHECK(measures(5, {{1, 400}, {}, {"q", "s1", "s2"}}) == std::vector<std::string>{"loss"});
}

TEST_CASE("an evaluation of waveforms gives loss, errors and overlaps of all batches, and the table of predictions") {
  const at::Tensor truth = torch::tensor({{1.5F, 0.3F, -0.1F}, {3.0F, -0.2F, 0.4F}, {2.0F, 0.0F, 0.0F}});
  const at::Tensor output = waveform_targets(truth) + torch::tensor({0.5F, 0.1F, 0.0F, 0.0F, 0.0F});
  const auto group = distributed::make_single_group();
  const auto chosen = regression(2);
  const auto evaluation = chosen->start_evaluation(kWaveforms, at::kCPU);
  FixedOutput last(output.narrow(0, 2, 1)), first(output.narrow(0, 0, 2));
  evaluation->add(Network(last), {{at::zeros({1, 1, 400}), truth.narrow(0, 2, 1)}}, {2});
  evaluation->add(Network(first), {{at::zeros({2, 1, 400}), truth.narrow(0, 0, 2)}}, {0, 1});
  const EvaluationResult result = evaluation->finish(*group);
  CHECK(result.loss == Approx(0.25 + 0.01 / 4));
  CHECK(result.metrics.at("loss").get<double>() == Approx(result.loss));
  CHECK(result.metrics.at("samples") == 3);
  CHECK(result.metrics.at("rmse").at("q").get<double>() == Approx(0.5));
  CHECK(result.metrics.at("mean_absolute_error").at("s1").get<double>() == Approx(0.1));
  CHECK(result.metrics.at("overlap_samples") == 2);
  const auto expected = metrics::overlaps(truth.narrow(0, 0, 2), output.narrow(0, 0, 2), kGrid, 1);
  CHECK(result.metrics.at("overlap_median").get<double>() == Approx((expected.values[0] + expected.values[1]) / 2));

  const auto table = chosen->table(kWaveforms, result.predictions);
  CHECK(table.columns == std::vector<std::string>{"q", "s1", "s2"});
  CHECK(table.truth_columns == table.columns);
  CHECK(table.predictions.size() == 9);
  CHECK(table.predictions[3] == Approx(3.5));
  CHECK(table.truth[6] == 2);
}

TEST_CASE("waveforms without labels are predicted, and nothing is measured") {
  FixedOutput model(at::rand({2, 5}));
  const auto group = distributed::make_single_group();
  const auto chosen = regression(2);
  const auto evaluation = chosen->start_evaluation(kWaveforms, at::kCPU);
  evaluation->add(Network(model), {{at::zeros({2, 1, 400}), {}}}, {0, 1});
  const EvaluationResult result = evaluation->finish(*group);
  CHECK(std::isnan(result.loss));
  CHECK(result.metrics.at("loss").is_null());
  CHECK_FALSE(result.metrics.contains("overlap_median"));
  const auto table = chosen->table(kWaveforms, result.predictions);
  CHECK(table.predictions.size() == 6);
  CHECK(table.truth_columns.empty());
}

}  // namespace hpcai::tasks
