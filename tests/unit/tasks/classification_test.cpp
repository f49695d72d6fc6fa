#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/tasks/classification.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "fixed_output.h"
#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/tasks/symmetric_views.h"
#include "hpcai/tasks/task.h"

namespace hpcai::tasks {
namespace {

const data::SampleSpec kTwo{{3, 8, 8}, {"spiral", "elliptical"}, {}};
const data::SampleSpec kThree{{3, 8, 8}, {"spiral", "elliptical", "merger"}, {}};

std::unique_ptr<Task> classification(double label_smoothing = 0, bool symmetric_views = false) {
  return make(ClassificationConfig{.label_smoothing = label_smoothing}, {.symmetric_views = symmetric_views});
}

// Class scores that depend on where the light of an image [3, 2, 2] is.
class Quadrants : public models::Model {
 public:
  at::Tensor forward(const at::Tensor& images) override { return images.select(1, 0).flatten(1).narrow(1, 0, 2); }
};

}  // namespace

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
  FixedOutput model(logits);
  CHECK(classification(0.1)->loss(Network(model), {{at::zeros({2, 3, 8, 8}), target}}).item<double>() == Approx(expected));
}

TEST_CASE("the cross entropy of half-precision scores is computed in float32") {
  FixedOutput model(at::randn({4, 2}).to(at::kBFloat16));
  CHECK(classification()->loss(Network(model), {{at::zeros({4, 3, 8, 8}), torch::tensor({0, 1, 0, 1})}}).scalar_type() ==
        at::kFloat);
}

TEST_CASE("a classification wants at least two classes") {
  CHECK(classification()->outputs(kThree) == 3);
  CHECK_THROWS_AS(classification()->outputs({{1, 400}, {}, {"q", "s1", "s2"}}), Error);
  CHECK_THROWS_AS(classification()->outputs({{3, 8, 8}, {"galaxy"}, {}}), Error);
}

TEST_CASE("F1 is measured between two classes") {
  const auto chosen = classification();
  const auto metrics = chosen->metrics();
  REQUIRE(metrics.size() == 3);
  CHECK(metrics[2].name == "f1");
  CHECK(chosen->lacks(metrics[2], kTwo).empty());
  CHECK(chosen->lacks(metrics[2], kThree) == "two classes");
  CHECK(chosen->lacks(metrics[1], kThree).empty());
}

TEST_CASE("an evaluation of images gives loss, accuracy and the table of predictions") {
  const at::Tensor scores = torch::tensor({{2.0F, 0.0F}, {0.0F, 1.0F}, {3.0F, 0.0F}, {0.5F, 0.0F}});
  const at::Tensor truth = torch::tensor({0, 1, 1, 0});
  const auto group = distributed::make_single_group();
  const auto chosen = classification();
  const auto evaluation = chosen->start_evaluation(kTwo, at::kCPU);
  for (const int64_t i : {3, 0, 1, 2}) {
    FixedOutput model(scores.narrow(0, i, 1));
    evaluation->add(Network(model), {{at::zeros({1, 3, 8, 8}), truth.narrow(0, i, 1)}}, {i});
  }
  const EvaluationResult result = evaluation->finish(*group);
  const double expected =
      (std::log1p(std::exp(-2.0)) + std::log1p(std::exp(-1.0)) + std::log1p(std::exp(3.0)) + std::log1p(std::exp(-0.5))) / 4;
  CHECK(result.loss == Approx(expected));
  CHECK(result.metrics.at("accuracy") == 0.75);
  CHECK(result.metrics.at("f1").get<double>() == Approx(2.0 / 3));
  CHECK(result.metrics.at("samples") == 4);

  const auto table = chosen->table(kTwo, result.predictions);
  CHECK(table.columns == kTwo.class_names);
  CHECK(table.predictions[0] == Approx(1 / (1 + std::exp(-2.0))));
  REQUIRE(table.texts.size() == 2);
  CHECK(table.texts[0].name == "predicted");
  CHECK(table.texts[0].values == std::vector<std::string>{"spiral", "elliptical", "spiral", "spiral"});
  CHECK(table.texts[1].name == "true");
  CHECK(table.texts[1].values == std::vector<std::string>{"spiral", "elliptical", "elliptical", "spiral"});
}

TEST_CASE("images without labels are predicted, and nothing is measured") {
  FixedOutput model(torch::tensor({{0.0F, 1.0F}}));
  const auto group = distributed::make_single_group();
  const auto chosen = classification();
  const auto evaluation = chosen->start_evaluation(kTwo, at::kCPU);
  evaluation->add(Network(model), {{at::zeros({1, 3, 8, 8}), {}}}, {7});
  const EvaluationResult result = evaluation->finish(*group);
  CHECK(result.metrics.at("accuracy").is_null());
  CHECK(result.predictions.index == std::vector<int64_t>{7});
  const auto table = chosen->table(kTwo, result.predictions);
  REQUIRE(table.texts.size() == 1);
  CHECK(table.texts[0].values == std::vector<std::string>{"elliptical"});
}

TEST_CASE("symmetric views average the class probabilities of the eight views") {
  Quadrants model;
  const at::Tensor image = torch::tensor({0.0F, 1.0F, 2.0F, 4.0F}).view({1, 1, 2, 2}).expand({1, 3, 2, 2}).contiguous();
  // each side of the square, in both directions: pairs of neighbouring corners
  double expected = 0;
  for (const auto& [a, b] : {std::pair{0, 1}, {1, 0}, {1, 4}, {4, 1}, {4, 2}, {2, 4}, {2, 0}, {0, 2}}) {
    expected += 1 / (1 + std::exp(b - a)) / 8;
  }
  CHECK(symmetric_scores(Network(model), image).softmax(1)[0][0].item<double>() == Approx(expected));

  const auto chosen = classification(0, true);
  CHECK(chosen->passes_per_sample() == 8);
  CHECK(chosen->averages_views());
  const auto evaluation = chosen->start_evaluation({{3, 2, 2}, {"a", "b"}, {}}, at::kCPU);
  evaluation->add(Network(model), {{image, torch::tensor({0})}}, {0});
  const auto group = distributed::make_single_group();
  CHECK(evaluation->finish(*group).loss == Approx(-std::log(expected)));
}

TEST_CASE("soft labels are the target of the cross entropy, and the most probable class that of all else") {
  const at::Tensor scores = torch::tensor({{2.0F, 0.0F}, {0.0F, 1.0F}});
  const at::Tensor truth = torch::tensor({{0.9F, 0.1F}, {0.6F, 0.4F}});
  const auto log_p = [](double own, double other) { return -std::log1p(std::exp(other - own)); };
  const double expected = -(0.9 * log_p(2, 0) + 0.1 * log_p(0, 2) + 0.6 * log_p(0, 1) + 0.4 * log_p(1, 0)) / 2;
  FixedOutput model(scores);
  const auto chosen = classification();
  CHECK(chosen->loss(Network(model), {{at::zeros({2, 3, 8, 8}), truth}}).item<double>() == Approx(expected));
  FixedOutput wide(scores.to(at::kDouble));
  CHECK(chosen->loss(Network(wide), {{at::zeros({2, 3, 8, 8}), truth}}).item<double>() == Approx(expected).epsilon(1e-6));

  const auto group = distributed::make_single_group();
  const auto evaluation = chosen->start_evaluation(kTwo, at::kCPU);
  evaluation->add(Network(model), {{at::zeros({2, 3, 8, 8}), truth}}, {0, 1});
  const EvaluationResult result = evaluation->finish(*group);
  CHECK(result.loss == Approx(expected));
  CHECK(result.metrics.at("accuracy") == 0.5);
  const auto measured = chosen->measure(kTwo, result.predictions);
  CHECK(measured.at("loss").get<double>() == Approx(expected).epsilon(1e-6));
  CHECK(measured.at("accuracy") == 0.5);
  const auto table = chosen->table(kTwo, result.predictions);
  CHECK(table.texts[1].values == std::vector<std::string>{"spiral", "spiral"});
  CHECK(table.truth_columns == kTwo.class_names);
  CHECK(table.truth[3] == Approx(0.4));
}

}  // namespace hpcai::tasks
