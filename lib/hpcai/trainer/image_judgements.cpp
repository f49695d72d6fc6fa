#include <fmt/format.h>

#include "hpcai/core/text.h"
#include "hpcai/models/symmetry.h"
#include "hpcai/trainer/judgement_case.h"

namespace hpcai::trainer {
namespace {

bool has_cacheable_features(const models::ModelConfig& model) {
  return std::holds_alternative<models::XceptionConfig>(model) || std::holds_alternative<models::ResNetConfig>(model);
}

// What stands against cached features whatever the stage; empty if nothing does.
Judgements what_forbids_cached_features(const Case& at, const std::string& key) {
  if (!has_cacheable_features(at.experiment.model)) {
    return problem(fmt::format("{} needs a network of images, and model.type is {}", key,
                               std::visit([](const auto& chosen) { return chosen.kType; }, at.experiment.model)),
                   "Set it to false.");
  }
  if (!at.task.further_sources().empty()) {
    return problem(fmt::format("{} keeps the features of the training samples alone, and loss.type: {} needs unlabelled samples",
                               key, std::visit([](const auto& chosen) { return chosen.kType; }, at.experiment.task)),
                   "Set it to false, or use another loss.");
  }
  if (at.task.mixup() > 0) {
    return problem(fmt::format("{} keeps one image's features, and loss.mixup {} mixes images", key, at.task.mixup()),
                   "Set loss.mixup to 0, or cache_features to false.");
  }
  return {};
}

}  // namespace

Judgements features_can_be_cached(const Case& at) {
  const auto& stages = at.training().stages;
  for (size_t i = 0; i < stages.size(); ++i) {
    if (!stages[i].cache_features) continue;
    const std::string key = fmt::format("training.stages[{}].cache_features", i);
    if (stages[i].trainable_from != "head") {
      return problem(fmt::format("{} needs a stage that trains the head alone, and its trainable_from is {}", key,
                                 printable(stages[i].trainable_from, 60)),
                     "Set trainable_from to head, or cache_features to false.");
    }
    if (Judgements found = what_forbids_cached_features(at, key); !found.empty()) return found;
  }
  return {};
}

Judgements views_are_averaged_once(const Case& at) {
  if (!at.experiment.evaluation.symmetric_views || models::symmetry_of(at.experiment.model) == models::Symmetry::none) return {};
  return warning(
      "evaluation.symmetric_views makes evaluations eight times slower and changes nothing, because model.symmetry d4 averages "
      "the same views in the network");
}

}  // namespace hpcai::trainer
