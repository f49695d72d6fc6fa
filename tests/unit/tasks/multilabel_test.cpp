#include "hpcai/tasks/multilabel.h"

#include <torch/types.h>

#include <catch2/catch.hpp>

#include "fixed_output.h"
#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/tasks/task.h"
#include "unit/metrics/regression_fixture.h"

namespace hpcai::tasks {
namespace {

data::SampleSpec labels_spec() {
  data::SampleSpec spec{{4}, {}, {"ring", "bar", "tail"}};
  spec.target_ranges.assign(3, {0, 1});
  return spec;
}

}  // namespace

TEST_CASE("the loss of several labels is the mean of scikit-learn's log losses") {
  const auto& with = regression_fixture("multilabel");
  const at::Tensor truth = matrix_of(with.at("truth")).to(at::kFloat);
  const at::Tensor probability = matrix_of(with.at("probability")).clamp(0.05, 0.95);
  const auto task = make(MultilabelConfig{}, {});
  FixedOutput model((probability / (1 - probability)).log());
  CHECK(task->loss(Network(model), {{at::zeros({41, 4}), truth}}).item<double>() == Approx(with.at("loss").get<double>()));
  const auto evaluation = task->start_evaluation(labels_spec(), at::kCPU);
  std::vector<int64_t> index;
  for (int64_t i = 0; i < 41; ++i) index.push_back(i);
  evaluation->add(Network(model), {{at::zeros({41, 4}), truth}}, index);
  const auto group = distributed::make_single_group();
  const EvaluationResult result = evaluation->finish(*group);
  CHECK(result.loss == Approx(with.at("loss").get<double>()));
  CHECK(result.metrics.at("f1_macro").get<double>() == Approx(with.at("f1_macro").get<double>()));
  const auto table = task->table(labels_spec(), result.predictions);
  CHECK(table.columns == labels_spec().target_names);
  CHECK(table.predictions[4] == Approx(probability[1][1].item<double>()));
}

TEST_CASE("several labels need data whose targets are 0 or 1") {
  const auto task = make(MultilabelConfig{}, {});
  CHECK(task->outputs(labels_spec()) == 3);
  CHECK_THROWS_AS(task->outputs({{4}, {}, {"mass"}}), Error);
  CHECK_THROWS_AS(task->outputs({{4}, {"spiral", "elliptical"}, {}}), Error);
}

}  // namespace hpcai::tasks
