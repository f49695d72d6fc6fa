#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/data/open.h"
#include "hpcai/tasks/task.h"
#include "hpcai/trainer/course.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/judgements.h"

// What the rules of judgements.cpp share.
namespace hpcai::trainer {

using Judgements = std::vector<Judgement>;

// What a rule can examine.
struct Case {
  const Experiment& experiment;
  int64_t ranks;
  const tasks::Task& task;
  const data::SampleSpec* spec;  // null: not known
  const DataFacts* data;         // null: not opened

  const TrainingConfig& training() const { return experiment.training; }
  int64_t shards() const { return experiment.distributed.deterministic_shards; }
  models::BatchNormMode batch_norm() const { return models::batch_norm_of(experiment.model); }
  CourseLength length() const { return length_of(training(), data->training_samples); }
  bool has_more_ranks_than_samples() const { return data && ranks > data->training_samples; }
  bool lacks_validation() const { return data ? data->validation_samples == 0 : !data::may_validate(experiment.data); }
};

inline Judgements problem(std::string what, std::string remedy, bool of_ranks = false) {
  return {{Judgement::Kind::problem, std::move(what), std::move(remedy), of_ranks}};
}
inline Judgements problem(const Error& error) { return problem(error.what(), error.remedy()); }

inline Judgements warning(std::string what, bool of_ranks = false) {
  return {{Judgement::Kind::warning, std::move(what), "", of_ranks}};
}

// The rules for the section `sources`, in source_judgements.cpp.
Judgements task_has_its_sources(const Case& at);
Judgements labels_are_for_training(const Case& at);
Judgements step_has_unlabelled_samples(const Case& at);
Judgements distances_have_samples(const Case& at);  // a warning

// The rules for cached features and for symmetric networks, in image_judgements.cpp.
Judgements features_can_be_cached(const Case& at);
Judgements views_are_averaged_once(const Case& at);  // a warning

}  // namespace hpcai::trainer
