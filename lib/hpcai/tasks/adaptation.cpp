#include "hpcai/tasks/adaptation.h"

#include <ATen/ATen.h>

#include <optional>

#include "hpcai/core/error.h"
#include "hpcai/models/domain_discriminator.h"
#include "hpcai/models/feature_network.h"
#include "hpcai/models/initialise.h"
#include "hpcai/tasks/alignment.h"
#include "hpcai/tasks/class_weights.h"
#include "hpcai/tasks/classification.h"
#include "hpcai/tasks/evaluates_as.h"

namespace hpcai::tasks {
namespace {

constexpr const char *kUnlabelledSource = "unlabelled", *kPurpose = "loss.type: adaptation";

struct Scored {
  at::Tensor features;  // float [batch, features]
  at::Tensor scores;    // float [batch, class]
};

Scored run_scored(const Network& network, const at::Tensor& input) {
  auto scored = network.compute(input.device(), [&](models::Model& model) {
    auto& with_features = models::feature_network(model, kPurpose);
    const at::Tensor features = with_features.features(input);
    return Scored{features, with_features.classify(features)};
  });
  return {widened(scored.features), widened(scored.scores)};
}

class Adaptation : public EvaluatesAs {
 public:
  Adaptation(const AdaptationConfig& config, const EvaluationOptions& options)
      : EvaluatesAs(make(ClassificationConfig{config.label_smoothing, config.class_weights, config.weights}, options)),
        config_(config),
        weights_(config.class_weights, config.weights) {}

  int64_t outputs(const data::SampleSpec& spec) const override {
    if (spec.class_names.size() >= 2) return EvaluatesAs::outputs(spec);
    throw Error(ExitCode::usage, "loss.type: adaptation needs data with at least 2 classes",
                "Use data of a classification, such as type image_folder.");
  }
  void require(models::Model& model) const override { models::feature_network(model, kPurpose); }
  void extend(models::Model& model, const data::SampleSpec& spec, uint64_t seed) const override;
  void learn_from(const data::Dataset& training, at::Device device) override { weights_.fit(training, device); }
  std::vector<std::string> further_sources() const override { return {kUnlabelledSource}; }
  at::Tensor loss(const Network& network, const Batch& batch) const override;

 private:
  bool aligns() const { return config_.alignment != Alignment::none && config_.alignment_weight > 0; }
  at::Tensor consistency_loss(const at::Tensor& plain_scores, const at::Tensor& changed_scores) const;
  at::Tensor distance(models::Model& model, const at::Tensor& labelled, const at::Tensor& unlabelled) const;

  AdaptationConfig config_;
  ClassWeights weights_;  // of labelled samples
};

void Adaptation::extend(models::Model& model, const data::SampleSpec&, uint64_t seed) const {
  if (config_.alignment != Alignment::adversarial) return;
  const int64_t features = models::feature_network(model, kPurpose).feature_count();
  auto discriminator = std::make_shared<models::DomainDiscriminator>(features, config_.discriminator_units);
  models::initialise_uniform_fan_in(*discriminator, seed);
  model.register_module(models::kDomainDiscriminator, discriminator);
}

// The mean over all unlabelled samples, of which the uncertain ones count 0.
at::Tensor Adaptation::consistency_loss(const at::Tensor& plain_scores, const at::Tensor& changed_scores) const {
  const auto [probability, label] = plain_scores.softmax(1).max(1);
  const at::Tensor certain = probability.ge(config_.certainty).to(changed_scores.scalar_type());
  return (at::cross_entropy_loss(changed_scores, label, {}, at::Reduction::None) * certain).mean();
}

at::Tensor Adaptation::distance(models::Model& model, const at::Tensor& labelled, const at::Tensor& unlabelled) const {
  if (config_.alignment == Alignment::mmd) return mmd(labelled, unlabelled);
  if (config_.alignment == Alignment::sinkhorn) {
    const at::Tensor scale = mean_squared_distance(labelled, unlabelled);
    return sinkhorn_divergence(labelled, unlabelled, config_.sinkhorn_blur * scale.sqrt()) / scale;
  }
  const auto& discriminator = dynamic_cast<models::DomainDiscriminator&>(*model.named_children()[models::kDomainDiscriminator]);
  const at::Tensor logits = discriminator.forward(reverse_gradient(at::cat({labelled, unlabelled})));
  const at::Tensor survey = at::cat({at::zeros_like(logits.narrow(0, 0, labelled.size(0))),
                                     at::ones_like(logits.narrow(0, labelled.size(0), unlabelled.size(0)))});
  return at::binary_cross_entropy_with_logits(logits, survey);
}

at::Tensor Adaptation::loss(const Network& network, const Batch& batch) const {
  const at::Tensor views = batch.from(kUnlabelledSource).input;  // [batch, 2, ...]: as they are, and changed
  Scored labelled;
  {
    const models::HoldStatistics hold(network.model(), config_.adaptive_statistics);
    labelled = run_scored(network, batch.input);
  }
  at::Tensor loss = weighted_cross_entropy(labelled.scores, batch.target, weights_.of_classes(), config_.label_smoothing);
  at::Tensor plain_scores;
  {
    const at::NoGradGuard no_grad;
    plain_scores =
        run_scored(network, views.select(1, 0)).scores;  // the running statistics see unlabelled samples as evaluations do
  }
  if (config_.consistency == 0 && !aligns()) return loss;
  const models::HoldStatistics hold(network.model(), config_.adaptive_statistics);
  const Scored changed = run_scored(network, views.select(1, 1));
  if (config_.consistency > 0) loss = loss + config_.consistency * consistency_loss(plain_scores, changed.scores);
  if (aligns()) {
    loss = loss + config_.alignment_weight * distance(network.model(), labelled.features, changed.features);
  }
  return loss;
}

}  // namespace

std::unique_ptr<Task> make(const AdaptationConfig& config, const EvaluationOptions& options) {
  return std::make_unique<Adaptation>(config, options);
}

}  // namespace hpcai::tasks
