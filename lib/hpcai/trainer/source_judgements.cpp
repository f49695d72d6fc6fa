#include <algorithm>

#include "hpcai/core/text.h"
#include "hpcai/trainer/judgement_case.h"

namespace hpcai::trainer {
namespace {

bool has_source(const Case& at, SourceRole role) {
  return std::ranges::any_of(at.experiment.sources, [role](const SourceConfig& source) { return source.role == role; });
}

}  // namespace

Judgements task_has_its_sources(const Case& at) {
  const std::string loss = std::visit([](const auto& chosen) { return std::string(chosen.kType); }, at.experiment.task);
  const bool needs = !at.task.further_sources().empty(), has = has_source(at, SourceRole::unlabelled);
  if (needs && !has) {
    return problem(fmt::format("loss.type: {} needs unlabelled samples, and sources names none", loss),
                   "Add an entry with role: unlabelled to the section sources.");
  }
  if (has && !needs) {
    return problem(fmt::format("sources names unlabelled samples, and loss.type: {} uses none", loss),
                   "Set loss.type to adaptation, train with hpcai-train self-train, or remove the entry.");
  }
  return {};
}

Judgements step_has_unlabelled_samples(const Case& at) {
  if (!at.data || !at.data->unlabelled_samples || *at.data->unlabelled_samples >= at.training().global_batch) return {};
  return problem(fmt::format("sources: {} are fewer than training.global_batch {}",
                             plural(*at.data->unlabelled_samples, "unlabelled sample"), at.training().global_batch),
                 "Lower training.global_batch, or give more unlabelled samples.");
}

Judgements labels_are_for_training(const Case& at) {
  for (size_t i = 0; i < at.experiment.sources.size(); ++i) {
    const SourceConfig& source = at.experiment.sources[i];
    if (source.role == SourceRole::training || source.labels.empty()) continue;
    return problem(fmt::format("sources[{}].labels is set, and its role is unlabelled", i),
                   "Set role to training, or remove labels.");
  }
  return {};
}

Judgements distances_have_samples(const Case& at) {
  const auto* adaptation = std::get_if<tasks::AdaptationConfig>(&at.experiment.task);
  const int64_t part = at.training().global_batch / (at.ranks * at.experiment.passes(at.ranks));
  if (!adaptation || part >= 8) return {};
  if (adaptation->alignment != tasks::Alignment::mmd && adaptation->alignment != tasks::Alignment::sinkhorn) return {};
  return warning(fmt::format("loss.alignment compares the {} of a pass with as many unlabelled ones, which is noisy: consider a "
                             "larger training.global_batch",
                             plural(part, "sample")),
                 at.ranks > 1);
}

}  // namespace hpcai::trainer
