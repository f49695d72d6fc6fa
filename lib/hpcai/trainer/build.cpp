#include "hpcai/trainer/build.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "hpcai/config/bind.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/data/open.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/optim/base_rate.h"
#include "hpcai/optim/make_optimizer.h"
#include "hpcai/optim/schedule.h"
#include "hpcai/trainer/gpu.h"

namespace hpcai::trainer {
namespace {

[[noreturn]] void contradiction(const std::string& what, const std::string& remedy) {
  throw Error(ExitCode::usage, what, remedy);
}

// The divisors of n next to `near`, as a hint.
std::string nearby_multiples(int64_t value, int64_t factor) {
  const int64_t below = value / factor * factor;
  return below > 0 ? fmt::format("{} or {}", below, below + factor) : fmt::format("{}", factor);
}

std::optional<optim::WarmupRule> warmup_rule(const optim::ScheduleConfig& schedule) {
  return std::visit(
      [](const auto& config) -> std::optional<optim::WarmupRule> {
        if constexpr (requires { config.warmup_rule; }) return config.warmup_rule;
        return std::nullopt;
      },
      schedule);
}

}  // namespace

void check_consistency(const Experiment& experiment, int world_size) {
  const std::string& name = experiment.name;
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos || printable(name) != name) {
    contradiction(fmt::format("name is \"{}\"; it names the folder runs/<name>", printable(name)),
                  "Give a name without '/' and control characters, and say with --run-dir where else the run shall be.");
  }
  const auto& training = experiment.training;
  const int64_t parts = world_size * training.accumulation;
  if (training.global_batch % parts != 0) {
    contradiction(fmt::format("training.global_batch {} cannot be shared by {} with training.accumulation {}",
                              training.global_batch, plural(world_size, "rank"), training.accumulation),
                  fmt::format("Use a multiple of {}, such as {}.", parts, nearby_multiples(training.global_batch, parts)));
  }
  const auto& evaluation = experiment.evaluation;
  if (evaluation.symmetric_views && !std::holds_alternative<models::CrossEntropyConfig>(experiment.loss)) {
    contradiction("evaluation.symmetric_views averages class probabilities, but loss.type is not cross_entropy",
                  "Set evaluation.symmetric_views to false.");
  }
  if (evaluation.stop_at_target && evaluation.target_metric == TargetMetric::none) {
    contradiction("evaluation.stop_at_target needs a target", "Set evaluation.target_metric and evaluation.target_value.");
  }
  const bool scales =
      std::visit([](const auto& rule) { return rule.scaling.rule != optim::RateRule::none; }, experiment.optimizer);
  if (warmup_rule(experiment.schedule) == optim::WarmupRule::horovod && !scales) {
    contradiction("schedule.warmup_rule horovod grows from optimizer.lr to its scaled value, but optimizer.lr_scaling is none",
                  "Set optimizer.lr_scaling and lr_base_batch, or schedule.warmup_rule to linear with a warmup_start.");
  }
  optim::warmup_steps(experiment.schedule, 1);  // throws where its length is given twice
  if (std::holds_alternative<optim::PlateauConfig>(experiment.schedule) && evaluation.every_epochs > 1) {
    log::warning(
        "schedule type plateau counts evaluations; with evaluation.every_epochs {} its patience is that many epochs longer",
        evaluation.every_epochs);
  }
}

void check_target(const Experiment& experiment, const data::Splits& data) {
  const EvaluationConfig& evaluation = experiment.evaluation;
  const bool gives_overlap = time_grid(experiment.data) && evaluation.overlap_samples > 0;
  const TargetMetric metric = evaluation.target_metric;
  if (metric == TargetMetric::none) return;
  const std::string name = config::name_of(metric);
  if (!data.validation) {
    contradiction(fmt::format("evaluation.target_metric {} needs a validation split, and data has none", name),
                  "Give data.validation or data.validation_fraction, or set evaluation.target_metric to none.");
  }
  const bool classes = !data.validation->spec().class_names.empty();
  if ((metric == TargetMetric::accuracy && !classes) || (metric == TargetMetric::overlap_median && !gives_overlap)) {
    contradiction(fmt::format("evaluation.target_metric {} is not measured in this experiment", name),
                  classes ? "Use accuracy or loss." : "Use overlap_median (with evaluation.overlap_samples above 0) or loss.");
  }
}

std::optional<simulate::TimeGrid> time_grid(const data::DataConfig& config) {
  return std::visit(
      [](const auto& source) -> std::optional<simulate::TimeGrid> {
        if constexpr (requires { source.t_step; }) {
          return simulate::TimeGrid{source.t_min, source.t_max, source.t_step};
        } else {
          return std::nullopt;
        }
      },
      config);
}

std::shared_ptr<models::Model> build_model(const Experiment& experiment, const data::SampleSpec& spec,
                                           distributed::Group& group) {
  const auto loss = models::make_loss(experiment.loss);
  const int64_t outputs =
      loss->outputs(static_cast<int64_t>(spec.class_names.size()), static_cast<int64_t>(spec.target_names.size()));
  auto model = models::make_model(experiment.model, spec.input_shape, outputs, static_cast<uint64_t>(experiment.training.seed));
  if (group.device().is_cuda()) prepare_gpu(experiment.training);
  model->to(group.device());
  if (group.device().is_cuda()) order_weights(*model);
  models::synchronise_batch_norm(
      *model, [&group](at::Tensor& tensor) { group.all_reduce_sum(tensor); }, group.size());
  return model;
}

EvaluationSettings evaluation_settings(const Experiment& experiment, int world_size) {
  EvaluationSettings settings;
  settings.precision = experiment.training.precision;
  settings.global_batch =
      experiment.evaluation.batch > 0 ? experiment.evaluation.batch * world_size : experiment.training.global_batch;
  settings.symmetric_views = experiment.evaluation.symmetric_views;
  settings.overlap_samples = experiment.evaluation.overlap_samples;
  settings.overlap_grid = time_grid(experiment.data);
  settings.threads = at::get_num_threads();
  settings.loader = experiment.loader;
  return settings;
}

Training build(const Experiment& experiment, distributed::Group& group) {
  check_consistency(experiment, group.size());
  const auto seed = static_cast<uint64_t>(experiment.training.seed);
  Training training;
  // A network or loss that does not fit is found before the data are made or read, where the config tells their shape.
  if (const auto spec = data::spec_of(experiment.data)) training.model = build_model(experiment, *spec, group);
  training.data = data::open(experiment.data, at::get_num_threads());
  const data::Dataset& train = *training.data.train;
  if (!training.data.validation && std::holds_alternative<optim::PlateauConfig>(experiment.schedule)) {
    contradiction("schedule type plateau needs a validation split, and data has none",
                  "Give data.validation, or choose another schedule.type such as cosine.");
  }
  training.target = experiment.evaluation;
  training.evaluation = evaluation_settings(experiment, group.size());
  check_target(experiment, training.data);
  if (!training.model) training.model = build_model(experiment, train.spec(), group);
  training.loss = models::make_loss(experiment.loss);
  training.loader = std::make_unique<data::Loader>(train,
                                                   data::Sampler(train.size(), experiment.training.global_batch, group.rank(),
                                                                 group.size(), data::SamplerMode::training, seed),
                                                   experiment.loader, group.device().is_cuda());
  optim::NamedTensors parameters;
  for (const auto& item : training.model->named_parameters()) parameters.emplace_back(item.key(), item.value());
  training.optimizer = optim::make_optimizer(experiment.optimizer, parameters);
  training.settings = {experiment.training,
                       experiment.schedule,
                       optim::base_rate(experiment.optimizer, experiment.training.global_batch),
                       experiment.checkpoint,
                       experiment.evaluation.every_epochs,
                       distributed::ReducerOptions::from(experiment.distributed)};
  return training;
}

}  // namespace hpcai::trainer
