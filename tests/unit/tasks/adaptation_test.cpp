#include "hpcai/tasks/adaptation.h"

#include <torch/types.h>

#include <catch2/catch.hpp>

#include "fixed_output.h"
#include "hpcai/core/error.h"
#include "hpcai/models/feature_network.h"
#include "hpcai/models/domain_discriminator.h"
#include "hpcai/tasks/alignment.h"
#include "hpcai/tasks/task.h"

namespace hpcai::tasks {
namespace {

const data::SampleSpec kImages{{2}, {"elliptical", "spiral"}, {}};

// [batch, 2] -> a batch norm of two channels, which are the features, -> scores 3 times the features.
class Normed : public models::FeatureNetwork {
 public:
  Normed() : norm(register_module("norm", std::make_shared<models::BatchNorm>(2, models::BatchNormMode::local, 1e-3, 0.5))) {
    to(at::kDouble);
  }
  at::Tensor features(const at::Tensor& input) override { return norm->forward(input); }
  at::Tensor classify(const at::Tensor& features) override { return 3 * features; }
  int64_t feature_count() const override { return 2; }

  std::shared_ptr<models::BatchNorm> norm;
};

// The labels of Surveys, for the number of samples of each class.
class Labels : public data::Dataset {
 public:
  Labels() : Dataset(kImages) {}
  int64_t size() const override { return 4; }
  std::string id(int64_t index) const override { return std::to_string(index); }
  std::string where(int64_t index) const override { return id(index); }
  void read(int64_t, const data::Draw*, float*) const override {}
  at::Tensor targets(std::span<const int64_t> index) const override {
    return torch::tensor({1, 0, 0, 1}).index_select(0, torch::tensor(std::vector<int64_t>(index.begin(), index.end())));
  }
};

struct Surveys {
  at::Tensor labelled = torch::tensor({{0.1, 1.0}, {2.0, -1.0}, {0.3, 0.2}, {-1.0, 0.5}}, at::kDouble);
  at::Tensor target = torch::tensor({1, 0, 0, 1});
  at::Tensor plain = torch::tensor({{10.0, 3.0}, {11.0, 4.0}, {12.0, 3.5}, {10.1, 3.6}}, at::kDouble);
  at::Tensor changed = plain + torch::tensor({{0.2, -0.3}, {0.1, 0.4}, {-0.6, 0.0}, {0.3, 0.1}}, at::kDouble);

  Batch batch() const { return {{labelled, target}, {{"unlabelled", {at::stack({plain, changed}, 1), {}}}}}; }
};

at::Tensor normed(const at::Tensor& x) { return (x - x.mean(0)) / (x.var(0, /*unbiased=*/false) + 1e-3).sqrt(); }

at::Tensor loss_of(const AdaptationConfig& config, Normed& model, const Surveys& surveys) {
  model.train();
  return make(config, {})->loss(Network(model), surveys.batch());
}

}  // namespace

TEST_CASE("consistency is the cross entropy of changed samples with the certain predictions for the unchanged ones") {
  const Surveys surveys;
  Normed model;
  const at::Tensor labelled = at::cross_entropy_loss(3 * normed(surveys.labelled), surveys.target);
  CHECK(loss_of({.consistency = 0}, model, surveys).item<double>() == Approx(labelled.item<double>()));

  const at::Tensor probability = (3 * normed(surveys.plain)).softmax(1);
  const at::Tensor log_changed = (3 * normed(surveys.changed)).log_softmax(1);
  for (const double certainty : {0.0, 0.9}) {
    double sum = 0;
    int certain = 0;
    for (int64_t i = 0; i < 4; ++i) {
      const int64_t label = probability[i][1].item<double>() > 0.5 ? 1 : 0;
      if (probability[i][label].item<double>() < certainty) continue;
      sum -= log_changed[i][label].item<double>() / 4;
      ++certain;
    }
    CHECK(certain == (certainty > 0 ? 3 : 4));
    const double loss = loss_of({.consistency = 0.7, .certainty = certainty}, model, surveys).item<double>();
    CHECK(loss == Approx(labelled.item<double>() + 0.7 * sum));
  }
}

TEST_CASE("class weights weigh the labelled samples of an adaptation, and no other part of its loss") {
  const Surveys surveys;
  const auto loss_with = [&](const AdaptationConfig& config) {
    Normed model;
    model.train();
    const auto task = make(config, {});
    task->learn_from(Labels(), at::kCPU);
    return task->loss(Network(model), surveys.batch()).item<double>();
  };
  const std::vector<ClassWeight> weights{{"elliptical", 3}, {"spiral", 1}};  // their mean over 1, 0, 0, 1 is 2
  const at::Tensor each = at::cross_entropy_loss(3 * normed(surveys.labelled), surveys.target, {}, at::Reduction::None) / 4;
  const double more = (torch::tensor({-0.5, 0.5, 0.5, -0.5}, at::kDouble) * each).sum().item<double>();
  CHECK(loss_with({.class_weights = ClassWeighting::listed, .weights = weights}) - loss_with({}) == Approx(more));
}

TEST_CASE("adaptive statistics are those of the unlabelled samples alone") {
  const Surveys surveys;
  Normed adaptive, common;
  loss_of({}, adaptive, surveys);
  CHECK(at::allclose(adaptive.norm->running_mean, 0.5 * surveys.plain.mean(0)));
  CHECK(at::allclose(adaptive.norm->running_var, 0.5 + 0.5 * surveys.plain.var(0)));
  loss_of({.adaptive_statistics = false}, common, surveys);
  const at::Tensor expected =
      ((0.5 * surveys.labelled.mean(0)) * 0.5 + 0.5 * surveys.plain.mean(0)) * 0.5 + 0.5 * surveys.changed.mean(0);
  CHECK(at::allclose(common.norm->running_mean, expected));
}

TEST_CASE("an alignment adds its distance between the features of the two surveys") {
  const Surveys surveys;
  const at::Tensor a = normed(surveys.labelled), b = normed(surveys.changed);
  Normed model;
  const double labelled = loss_of({.consistency = 0}, model, surveys).item<double>();
  const auto added = [&](Alignment alignment) {
    return (loss_of({.consistency = 0, .alignment = alignment, .alignment_weight = 2}, model, surveys).item<double>() -
            labelled) /
           2;
  };
  CHECK(added(Alignment::mmd) == Approx(mmd(a, b).item<double>()));
  const at::Tensor scale = mean_squared_distance(a, b);
  CHECK(added(Alignment::sinkhorn) == Approx((sinkhorn_divergence(a, b, 0.5 * scale.sqrt()) / scale).item<double>()));
}

TEST_CASE("a discriminator becomes part of the model, learns to tell the surveys, and the features learn the opposite") {
  const Surveys surveys;
  const AdaptationConfig config{.consistency = 0, .alignment = Alignment::adversarial, .alignment_weight = 1};
  const auto task = make(config, {});
  Normed model;
  task->extend(model, {}, 7);
  model.to(at::kDouble);
  const auto& discriminator = dynamic_cast<models::DomainDiscriminator&>(*model.named_children()["domain_discriminator"]);
  const at::Tensor a = normed(surveys.labelled), b = normed(surveys.changed);
  const at::Tensor expected =
      -(at::log(1 - discriminator.forward(a).sigmoid()).sum() + at::log(discriminator.forward(b).sigmoid()).sum()) / 8;
  Normed plain;
  const at::Tensor added = loss_of(config, model, surveys) - loss_of({.consistency = 0}, plain, surveys);
  CHECK(added.item<double>() == Approx(expected.item<double>()));

  // Small steps along the gradients: the discriminator's lowers its loss, that of the features raises it.
  const auto domain_loss = [&] {
    return (loss_of(config, model, surveys) - loss_of({.consistency = 0}, plain, surveys)).item<double>();
  };
  const double before = domain_loss();
  model.zero_grad();
  const at::Tensor bias = model.norm->bias, weight = model.norm->weight;
  loss_of(config, model, surveys).backward();
  const at::Tensor with = bias.grad().clone();
  plain.zero_grad();
  loss_of({.consistency = 0}, plain, surveys).backward();
  const at::NoGradGuard no_grad;
  const at::Tensor own = with - plain.norm->bias.grad();  // of the reversed part alone
  for (const auto& parameter : discriminator.parameters()) parameter.data().sub_(1e-3 * parameter.grad());
  CHECK(domain_loss() < before);
  for (const auto& parameter : discriminator.parameters()) parameter.data().add_(1e-3 * parameter.grad());
  REQUIRE(own.abs().max().item<double>() > 1e-9);
  bias.data().sub_(1e-3 * own);
  plain.norm->bias.data().sub_(1e-3 * own);
  CHECK(domain_loss() > before);
}

TEST_CASE("an adaptation needs a network with features and unlabelled samples") {
  const auto task = make(AdaptationConfig{}, {});
  CHECK(task->further_sources() == std::vector<std::string>{"unlabelled"});
  FixedOutput model(at::zeros({1, 2}));
  CHECK_THROWS_AS(task->require(model), Error);
  CHECK(task->outputs(kImages) == 2);
  CHECK(task->averages_views());
}

}  // namespace hpcai::tasks
