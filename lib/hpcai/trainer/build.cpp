#include "hpcai/trainer/build.h"

#include <ATen/Parallel.h>

#include "hpcai/data/open.h"
#include "hpcai/data/wrappers/mixed_up.h"
#include "hpcai/optim/base_rate.h"
#include "hpcai/optim/make_optimizer.h"
#include "hpcai/tasks/tasks.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/gpu.h"
#include "hpcai/trainer/judgements.h"
#include "hpcai/trainer/sources.h"

namespace hpcai::trainer {

std::unique_ptr<tasks::Task> build_task(const Experiment& experiment) {
  const EvaluationConfig& evaluation = experiment.evaluation;
  tasks::TaskConfig task = experiment.task;
  if (auto* votes = std::get_if<tasks::DirichletMultinomialConfig>(&task))
    votes->questions = data::vote_questions(experiment.data);
  return tasks::make_task(task, {.symmetric_views = evaluation.symmetric_views,
                                 .overlap_samples = evaluation.overlap_samples,
                                 .warning_steps = evaluation.warning_steps,
                                 .posterior_samples = evaluation.posterior_samples});
}

std::shared_ptr<models::Model> build_model(const Experiment& experiment, const data::SampleSpec& spec,
                                           distributed::Group& group) {
  const auto task = build_task(experiment);
  const int64_t outputs = task->outputs(spec);
  if (spec.each_step && !task->learns_steps()) {
    throw Error(ExitCode::usage, "data.each_step: this loss.type learns one truth a sample, not one for each time step",
                "Use loss.type: regression, cross_entropy or binary_cross_entropy.");
  }
  auto model = models::make_model(experiment.model, spec.input_shape, outputs, static_cast<uint64_t>(experiment.training.seed),
                                  {.padded = spec.padded, .each_step = spec.each_step});
  task->require(*model);
  task->extend(*model, spec, static_cast<uint64_t>(experiment.training.seed));
  if (group.device().is_cuda()) prepare_gpu(experiment.training);
  model->to(group.device());
  if (group.device().is_cuda()) order_weights(*model);
  synchronise_over(*model, group);
  return model;
}

void synchronise_over(models::Model& model, distributed::Group& group) {
  models::synchronise_batch_norm(
      model, [&group](at::Tensor& tensor) { group.all_reduce_sum(tensor); }, group.size());
}

EvaluationSettings evaluation_settings(const Experiment& experiment, int world_size) {
  EvaluationSettings settings;
  settings.precision = experiment.training.precision;
  const int64_t shards = experiment.distributed.deterministic_shards;
  int64_t of_rank = experiment.evaluation.batch;
  if (of_rank == 0 && shards > 0) of_rank = experiment.training.global_batch / shards;
  settings.global_batch = of_rank > 0 ? of_rank * world_size : experiment.training.global_batch;
  settings.deterministic = shards > 0;
  settings.loader = experiment.loader;
  return settings;
}

void divide_among(Training& training, const Experiment& experiment, distributed::Group& group) {
  const auto loader_of = [&](const data::Dataset& dataset, uint64_t seed) {
    const data::Sampler sampler(dataset.size(), experiment.training.global_batch, group.rank(), group.size(),
                                data::SamplerMode::training, seed);
    return std::make_unique<data::Loader>(dataset, sampler, experiment.loader, group.device().is_cuda());
  };
  const auto seed = static_cast<uint64_t>(experiment.training.seed);
  data::StepLoader::Further further;
  for (const auto& [name, dataset] : training.further) further.emplace(name, loader_of(*dataset, seed + 1 + further.size()));
  training.loader = std::make_unique<data::StepLoader>(loader_of(*training.data.train, seed), std::move(further));
  training.settings.evaluation = evaluation_settings(experiment, group.size());
}

Training build(const Experiment& experiment, distributed::Group& group, Use use) {
  refuse_problems(judge(experiment, group.size()));
  Training training;
  // If the config determines the shape of the samples, the network is built first: a network or a loss that does not fit is then
  // refused before the data are simulated or read.
  if (const auto spec = data::spec_of(experiment.data)) training.model = build_model(experiment, *spec, group);
  training.data = open_training_data(experiment, at::get_num_threads());
  const data::Dataset& train = *training.data.train;
  training.task = build_task(experiment);
  for (const std::string& name : training.task->further_sources()) {
    training.further.emplace(name, open_unlabelled(experiment, train.spec(), at::get_num_threads()));
  }
  refuse_problems(judge(experiment, group.size(), facts_of(training.data, training.unlabelled())));
  if (!training.model) training.model = build_model(experiment, train.spec(), group);
  if (use == Use::training) training.task->prepare(train.spec(), group.device());
  training.task->learn_from(train, group.device());
  if (const double alpha = training.task->mixup(); alpha > 0) {
    if (train.spec().padded || train.spec().each_step) {
      throw Error(ExitCode::usage,
                  "loss.mixup mixes samples, but these are sequences of different length or have a truth each step",
                  "Set loss.mixup to 0.");
    }
    training.data.train = std::make_unique<data::MixedUp>(std::move(training.data.train), alpha);
  }
  optim::NamedTensors parameters;
  for (const auto& item : training.model->named_parameters()) parameters.emplace_back(item.key(), item.value());
  training.optimizer = optim::make_optimizer(experiment.optimizer, parameters);
  training.settings = {CourseSettings::from(experiment),
                       distributed::ReducerOptions::from(experiment.distributed),
                       evaluation_settings(experiment, group.size()),
                       experiment.evaluation,
                       experiment.distributed.deterministic_shards,
                       DriftSettings::from(experiment.distributed)};
  divide_among(training, experiment, group);
  return training;
}

}  // namespace hpcai::trainer
