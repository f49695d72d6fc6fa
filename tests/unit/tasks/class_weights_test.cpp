#include "hpcai/tasks/class_weights.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <functional>

#include "fixed_output.h"
#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/tasks/adaptation.h"
#include "hpcai/tasks/classification.h"
#include "hpcai/tasks/task.h"

namespace hpcai::tasks {
namespace {

const std::vector<std::string> kKinds{"spiral", "elliptical", "merger"};

// Samples of which only the labels are of interest.
class LabelsAlone : public data::Dataset {
 public:
  explicit LabelsAlone(std::vector<int64_t> labels) : Dataset({{1}, kKinds, {}}), labels_(std::move(labels)) {}
  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }
  std::string id(int64_t index) const override { return std::to_string(index); }
  std::string where(int64_t index) const override { return id(index); }
  void read(int64_t, const data::Draw*, float* out) const override { *out = 0; }
  at::Tensor targets(std::span<const int64_t> index) const override {
    at::Tensor targets = at::empty({static_cast<int64_t>(index.size())}, at::kLong);
    for (size_t i = 0; i < index.size(); ++i) targets[static_cast<int64_t>(i)] = labels_[static_cast<size_t>(index[i])];
    return targets;
  }

 private:
  std::vector<int64_t> labels_;
};

struct Scores {
  at::Tensor scores = torch::tensor({{1.0, -0.5, 0.2}, {0.0, 2.0, -1.0}, {0.3, 0.1, 0.9}, {-2.0, 0.5, 0.4}}, at::kDouble);
  at::Tensor target = torch::tensor({0, 2, 1, 1});
  at::Tensor weights = torch::tensor({0.5, 1.0, 3.0}, at::kDouble);
};

double value(const at::Tensor& tensor) { return tensor.item<double>(); }

// The Error{usage} of `function`, as text.
std::string usage_error(const std::function<void()>& function) {
  try {
    function();
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    return std::string(error.what()) + " " + error.remedy();
  }
  return "no error";
}

}  // namespace

TEST_CASE("balanced weights are samples / (classes * count), and weights have the mean 1 over the samples") {
  const auto balanced = balanced_weights({1, 3, 4});  // as sklearn.utils.class_weight.compute_class_weight
  CHECK(balanced[0] == Approx(8.0 / 3));
  CHECK(balanced[1] == Approx(8.0 / 9));
  CHECK(balanced[2] == Approx(2.0 / 3));
  const auto again = with_mean_one(balanced, {1, 3, 4});
  for (size_t i = 0; i < 3; ++i) CHECK(again[i] == Approx(balanced[i]));
  const auto listed = with_mean_one({10, 20, 0.5}, {1, 3, 4});
  CHECK((1 * listed[0] + 3 * listed[1] + 4 * listed[2]) / 8 == Approx(1));
  CHECK(listed[1] / listed[0] == Approx(2));
  CHECK(listed[2] / listed[0] == Approx(0.05));
}

TEST_CASE("the weighted cross entropy is a sum over samples divided by their number, so parts of a batch have its mean") {
  const Scores s;
  const at::Tensor sum = at::cross_entropy_loss(s.scores, s.target, s.weights, at::Reduction::Sum);
  CHECK(value(weighted_cross_entropy(s.scores, s.target, s.weights, 0)) == Approx(value(sum) / 4));
  for (const double smoothing : {0.0, 0.2}) {
    const auto part = [&](int64_t first, int64_t count) {
      return value(
          weighted_cross_entropy(s.scores.narrow(0, first, count), s.target.narrow(0, first, count), s.weights, smoothing));
    };
    CHECK(part(0, 4) == Approx((part(0, 2) + part(2, 2)) / 2));
    CHECK(part(0, 4) == Approx((part(0, 1) + part(1, 1) + part(2, 1) + part(3, 1)) / 4));
  }
  CHECK(value(weighted_cross_entropy(s.scores, s.target, {}, 0.1)) ==
        value(at::cross_entropy_loss(s.scores, s.target, {}, at::Reduction::Mean, -100, 0.1)));
}

TEST_CASE("with label smoothing a sample counts as much as its class, not as those over which its label is spread") {
  const Scores s;
  const at::Tensor each = at::cross_entropy_loss(s.scores, s.target, {}, at::Reduction::None, -100, 0.3);
  const double expected = (0.5 * value(each[0]) + 3 * value(each[1]) + value(each[2]) + value(each[3])) / 4;
  CHECK(value(weighted_cross_entropy(s.scores, s.target, s.weights, 0.3)) == Approx(expected));
}

TEST_CASE("the loss of mixed labels is the same mixture of the losses of each label") {
  const Scores s;
  const at::Tensor other = torch::tensor({1, 2, 2, 0}), part = torch::tensor({0.25, 0.5, 0.0, 0.9}, at::kDouble);
  const auto hot = [](const at::Tensor& labels) { return at::one_hot(labels, 3).to(at::kDouble); };
  const at::Tensor mixed = part.unsqueeze(1) * hot(s.target) + (1 - part).unsqueeze(1) * hot(other);
  for (const at::Tensor& weights : {at::Tensor(), s.weights}) {
    for (const double smoothing : {0.0, 0.2}) {
      double expected = 0;
      for (int64_t i = 0; i < 4; ++i) {
        const auto loss_of = [&](const at::Tensor& labels) {
          return value(weighted_cross_entropy(s.scores.narrow(0, i, 1), labels.narrow(0, i, 1), weights, smoothing));
        };
        expected += (value(part[i]) * loss_of(s.target) + (1 - value(part[i])) * loss_of(other)) / 4;
      }
      CHECK(value(weighted_cross_entropy(s.scores, mixed, weights, smoothing)) == Approx(expected));
      CHECK(value(weighted_cross_entropy(s.scores, mixed.to(at::kFloat), weights, smoothing)) == Approx(expected).epsilon(1e-6));
    }
  }
}

TEST_CASE("the training loss of a task has the weights of its training samples, and an evaluation has none") {
  const Scores s;
  for (const auto& task : {make(ClassificationConfig{.class_weights = ClassWeighting::balanced}, {}),
                           make(ClassificationConfig{.class_weights = ClassWeighting::listed,
                           .weights = {{"merger", 16}, {"elliptical", 4}, {"spiral", 16.0 / 3}}},
                                {})}) {
    const LabelsAlone training({0, 1, 1, 0, 1, 2, 1, 0});
    FixedOutput model(s.scores);
    const Batch batch{{at::zeros({4, 1}), s.target}};
    CHECK_THROWS_AS(task->loss(Network(model), batch), std::logic_error);
    CHECK(task->outputs(training.spec()) == 3);
    task->learn_from(training, at::kCPU);
    const at::Tensor weights = torch::tensor({8.0 / 9, 8.0 / 12, 8.0 / 3}, at::kDouble);
    const double sum = value(at::cross_entropy_loss(s.scores, s.target, weights, at::Reduction::Sum));
    CHECK(value(task->loss(Network(model), batch)) == Approx(sum / 4));

    const auto evaluation = task->start_evaluation(training.spec(), at::kCPU);
    evaluation->add(Network(model), batch, {0, 1, 2, 3});
    const auto group = distributed::make_single_group();
    CHECK(evaluation->finish(*group).loss == Approx(value(at::cross_entropy_loss(s.scores, s.target))));
  }
}

TEST_CASE("class weights that do not fit the classes are refused in words") {
  const auto check = [](ClassWeighting weighting, const std::vector<ClassWeight>& listed) {
    return usage_error([&] {
      make(ClassificationConfig{.class_weights = weighting, .weights = listed}, {})->outputs({{1}, kKinds, {}});
    });
  };
  using enum ClassWeighting;
  using Catch::Matchers::Contains;
  CHECK_THAT(check(listed, {{"spiral", 1}, {"eliptical", 1}, {"merger", 2}}),
             Contains("no class 'eliptical'") && Contains("A class is called 'elliptical'"));
  CHECK_THAT(check(listed, {{"spiral", 1}, {"merger", 2}}),
             Contains("no weight of the class 'elliptical'") && Contains("3 classes"));
  CHECK_THAT(check(listed, {{"spiral", 1}, {"merger", 2}, {"spiral", 3}}), Contains("'spiral' twice"));
  CHECK_THAT(check(listed, {}), Contains("listed needs loss.weights"));
  CHECK_THAT(check(balanced, {{"spiral", 1}}), Contains("loss.class_weights is balanced"));
  CHECK_THAT(check(none, {{"spiral", 1}}), Contains("loss.class_weights is none"));
  CHECK(check(balanced, {}) == "no error");
  CHECK_THAT(usage_error([] {
               make(AdaptationConfig{.class_weights = ClassWeighting::listed}, {})->outputs({{1}, kKinds, {}});
             }),
             Contains("listed needs loss.weights"));
  CHECK_THAT(usage_error([] {
               ClassWeights(balanced).fit(LabelsAlone({0, 0, 2}), at::kCPU);
             }),
             Contains("no training sample is of the class 'elliptical'"));
  ClassWeights some(listed, {{"spiral", 1}, {"elliptical", 5}, {"merger", 3}});
  some.fit(LabelsAlone({0, 0, 2, 2}), at::kCPU);  // a listed class may have no samples
  CHECK(at::allclose(some.of_classes(), torch::tensor({0.5, 2.5, 1.5}, at::kDouble)));
}

}  // namespace hpcai::tasks
