#include "hpcai/trainer/judgements.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "hpcai/config/words.h"
#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/open.h"
#include "hpcai/optim/schedule.h"
#include "hpcai/tasks/task.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/course.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/judgement_case.h"
#include "hpcai/trainer/loss_scaler.h"

namespace hpcai::trainer {
namespace {

// ---- problems ----

Judgements name_is_a_folder(const Case& at) {
  const std::string& name = at.experiment.name;
  if (!name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
      printable(name, name.size()) == name) {
    return {};
  }
  return problem(fmt::format("name is \"{}\"; it names the folder runs/<name>", printable(name)),
                 "Give a name without '/' and control characters, and say with --run-dir where else the run shall be.");
}

Judgements ranks_have_samples(const Case& at) {
  if (!at.has_more_ranks_than_samples()) return {};
  const int64_t samples = at.data->training_samples;
  return problem(fmt::format("{} ranks are more than the {} training samples: some would have nothing to do", at.ranks, samples),
                 fmt::format("Use at most {}, or more data.", plural(samples, "rank")), true);
}

Judgements batch_can_be_shared(const Case& at) {
  const int64_t batch = at.training().global_batch, passes = at.training().accumulation, parts = at.ranks * passes;
  if (batch % parts == 0 || at.has_more_ranks_than_samples()) return {};
  const int64_t below = batch / parts * parts;
  return problem(fmt::format("training.global_batch {} cannot be shared by {}{}", batch, plural(at.ranks, "rank"),
                             passes > 1 ? fmt::format(" with training.accumulation {}", passes) : ""),
                 fmt::format("Use a multiple of {}, such as {}.", parts,
                             below > 0 ? fmt::format("{} or {}", below, below + parts) : std::to_string(parts)),
                 true);
}

Judgements shards_can_be_shared(const Case& at) {
  const int64_t shards = at.shards(), batch = at.training().global_batch;
  if (shards == 0) return {};
  if (batch % shards != 0) {
    return problem(fmt::format("training.global_batch {} cannot be cut into {}", batch, plural(shards, "deterministic shard")),
                   fmt::format("Set distributed.deterministic_shards to a divisor of {}.", batch));
  }
  if (shards % at.ranks == 0) return {};
  return problem(
      fmt::format("distributed.deterministic_shards {} cannot be shared by {}", shards, plural(at.ranks, "rank")),
      fmt::format("Use a number of ranks that divides {}, or a number of shards that is a multiple of {}.", shards, at.ranks),
      true);
}

Judgements shards_are_the_passes(const Case& at) {
  if (at.shards() == 0 || at.training().accumulation == 1) return {};
  return problem(fmt::format("training.accumulation {} and distributed.deterministic_shards {} both cut a batch into passes",
                             at.training().accumulation, at.shards()),
                 "Set training.accumulation to 1: with shards each pass is one shard.");
}

Judgements shards_are_independent(const Case& at) {
  if (at.shards() == 0 || at.batch_norm() != models::BatchNormMode::synchronised) return {};
  return problem(
      "model.batch_norm: synchronised needs all samples of a batch at once, but distributed.deterministic_shards "
      "computes one shard after another",
      "Set model.batch_norm to local, which takes the statistics of each shard, or to frozen.");
}

Judgements shards_travel_unrounded(const Case& at) {
  if (at.shards() == 0 || at.experiment.distributed.wire_precision == distributed::WirePrecision::same) return {};
  return problem(
      "distributed.wire_precision rounds the sums that travel, so the result would depend on the number of ranks in spite "
      "of distributed.deterministic_shards",
      "Set distributed.wire_precision to same.");
}

Judgements shards_travel_whole(const Case& at) {
  if (at.shards() == 0 || std::holds_alternative<distributed::NoCompression>(at.experiment.distributed.compression)) return {};
  return problem(
      "distributed.compression changes the gradients in a way that depends on the number of ranks, in spite of "
      "distributed.deterministic_shards",
      "Set distributed.compression.type to none.");
}

Judgements compression_has_no_loss_scale(const Case& at) {
  if (std::holds_alternative<distributed::NoCompression>(at.experiment.distributed.compression)) return {};
  if (!needs_loss_scale(at.training().precision, at.experiment.distributed.wire_precision)) return {};
  return problem(
      "distributed.compression keeps errors of gradients from step to step, but with fp16 the scale of the gradients changes",
      "Use bf16 or fp32 for training.precision and distributed.wire_precision, or set distributed.compression.type to none.");
}

Judgements epoch_has_a_batch(const Case& at) {
  if (!at.data || at.training().global_batch <= at.data->training_samples || at.has_more_ranks_than_samples()) return {};
  return problem(fmt::format("training.global_batch {} is larger than the {} training samples", at.training().global_batch,
                             at.data->training_samples),
                 "Lower training.global_batch.");
}

Judgements task_fits_data(const Case& at) {
  if (!at.spec) return {};
  try {
    at.task.outputs(*at.spec);
  } catch (const Error& error) {
    return problem(error);
  }
  return {};
}

Judgements summary_is_the_spectrum(const Case& at) {
  const auto* strain = std::get_if<data::SimulatedStrainConfig>(&at.experiment.data);
  if (!strain) return {};
  const auto* flow = std::get_if<models::WaveformPosteriorConfig>(&at.experiment.model);
  if (flow && strain->spectrum_values != flow->summary) {
    return problem(
        fmt::format("model.summary {} differs from data.spectrum_values {}: the network would take samples for numbers "
                    "about the noise, or the reverse",
                    flow->summary, strain->spectrum_values),
        "Set both to the same number.");
  }
  if (!flow && strain->spectrum_values > 0) {
    return problem(
        fmt::format("data.spectrum_values {}: model.type: {} would take numbers about the noise for samples",
                    strain->spectrum_values, std::visit([](const auto& chosen) { return chosen.kType; }, at.experiment.model)),
        "Set data.spectrum_values to 0, or model.type to waveform_posterior.");
  }
  return {};
}

Judgements density_has_its_loss(const Case& at) {
  const bool flow = std::holds_alternative<models::WaveformPosteriorConfig>(at.experiment.model);
  if (!flow && !std::holds_alternative<models::BayesianRegressorConfig>(at.experiment.model)) return {};
  if (std::holds_alternative<tasks::DensityConfig>(at.experiment.task)) return {};
  return problem(fmt::format("model.type: {} is a density, and loss.type is none",
                             std::visit([](const auto& chosen) { return chosen.kType; }, at.experiment.model)),
                 "Set loss.type to density.");
}

Judgements flow_knows_the_ranges(const Case& at) {
  if (!std::holds_alternative<models::WaveformPosteriorConfig>(at.experiment.model)) return {};
  if (!at.spec || !at.spec->target_ranges.empty() || at.spec->target_names.empty()) return {};
  return problem("model.type: waveform_posterior needs data whose targets have known ranges; these have none",
                 "Use data.type: simulated_strain, or model.type: bayesian_regressor.");
}

Judgements views_can_be_averaged(const Case& at) {
  if (!at.experiment.evaluation.symmetric_views || at.task.averages_views()) return {};
  return problem(fmt::format("evaluation.symmetric_views averages class probabilities, and loss.type: {} has none",
                             std::visit([](const auto& chosen) { return chosen.kType; }, at.experiment.task)),
                 "Set evaluation.symmetric_views to false.");
}

Judgements stop_has_a_target(const Case& at) {
  const EvaluationConfig& evaluation = at.experiment.evaluation;
  if (!evaluation.stop_at_target || evaluation.target_metric != tasks::MetricChoice::none) return {};
  return problem("evaluation.stop_at_target needs a target", "Set evaluation.target_metric and evaluation.target_value.");
}

// Without the data only metrics that the task never measures are found.
Judgements target_is_measured(const Case& at) {
  const tasks::MetricChoice choice = at.experiment.evaluation.target_metric;
  if (choice == tasks::MetricChoice::none) return {};
  const tasks::Metric target = tasks::metric_of(choice);
  std::vector<std::string> measured;
  std::string needs;
  for (const tasks::Metric& metric : at.task.metrics()) {
    const std::string lack = at.spec ? at.task.lacks(metric, *at.spec) : "";
    if (lack.empty()) measured.emplace_back(metric.name);
    if (!lack.empty() && metric == target) needs = fmt::format(": it needs {}", lack);
  }
  if (std::find(measured.begin(), measured.end(), target.name) != measured.end()) return {};
  return problem(fmt::format("evaluation.target_metric {} is not measured in this experiment{}", target.name, needs),
                 fmt::format("Use {}.", config::join_or(measured)));
}

Judgements target_has_validation(const Case& at) {
  const tasks::MetricChoice choice = at.experiment.evaluation.target_metric;
  if (choice == tasks::MetricChoice::none || !at.lacks_validation()) return {};
  return problem(
      fmt::format("evaluation.target_metric {} needs a validation split, and data has none", tasks::metric_of(choice).name),
      "Give data.validation or data.validation_fraction, or set evaluation.target_metric to none.");
}

Judgements plateau_has_validation(const Case& at) {
  if (!std::holds_alternative<optim::PlateauConfig>(at.experiment.schedule)) return {};
  if (!at.lacks_validation()) return {};
  return problem("schedule type plateau needs a validation split, and data has none",
                 "Give data.validation, or choose another schedule.type such as cosine.");
}

Judgements horovod_has_a_scaled_rate(const Case& at) {
  const auto* warmup = optim::warmup_of(at.experiment.schedule);
  if (!warmup || warmup->warmup_rule != optim::WarmupRule::horovod) return {};
  const auto rule = std::visit([](const auto& update) { return update.scaling.rule; }, at.experiment.optimizer);
  if (rule != optim::RateRule::none) return {};
  return problem("schedule.warmup_rule horovod grows from optimizer.lr to its scaled value, but optimizer.lr_scaling is none",
                 "Set optimizer.lr_scaling and lr_base_batch, or schedule.warmup_rule to linear with a warmup_start.");
}

Judgements warmup_has_one_length(const Case& at) {
  try {
    optim::warmup_steps(at.experiment.schedule, 1);
  } catch (const Error& error) {
    return problem(error);
  }
  return {};
}

// ---- warnings ----

Judgements early_stop_has_validation(const Case& at) {
  const auto stages = stages_of(at.training());
  const bool waits =
      std::any_of(stages.begin(), stages.end(), [](const StageConfig& stage) { return stage.early_stop_patience > 0; });
  if (!waits || !at.lacks_validation()) return {};
  return warning("early_stop_patience has no effect: it looks at the loss of a validation split, and data has none");
}

Judgements plateau_counts_epochs(const Case& at) {
  const int64_t every = at.experiment.evaluation.every_epochs;
  if (!std::holds_alternative<optim::PlateauConfig>(at.experiment.schedule) || every == 1) return {};
  return warning(fmt::format(
      "schedule type plateau counts evaluations; with evaluation.every_epochs {} its patience is that many epochs longer",
      every));
}

Judgements validation_keeps_ranks_busy(const Case& at) {
  if (!at.data || at.data->validation_samples == 0 || at.data->validation_samples >= at.ranks) return {};
  const int64_t idle = at.ranks - at.data->validation_samples;
  return warning(fmt::format("{} for {}: {} {} nothing to do while the others evaluate",
                             plural(at.data->validation_samples, "validation sample"), plural(at.ranks, "rank"),
                             plural(idle, "rank"), idle == 1 ? "has" : "have"),
                 true);
}

Judgements epoch_uses_its_samples(const Case& at) {
  if (!at.data || at.length().dropped_per_epoch * 10 <= at.data->training_samples) return {};
  return warning(
      fmt::format("{} of {} training samples are dropped in every epoch, because they do not fill a global batch of {}",
                  at.length().dropped_per_epoch, at.data->training_samples, at.training().global_batch));
}

Judgements rate_is_as_meant(const Case& at) {
  if (!at.data) return {};
  Judgements found;
  const CourseLength length = at.length();
  for (std::string& doubt : optim::schedule_warnings(at.experiment.schedule, at.experiment.optimizer, at.training().global_batch,
                                                     length.steps_per_epoch, length.steps)) {
    found.push_back(warning(std::move(doubt)).front());
  }
  return found;
}

Judgements batch_norm_has_samples(const Case& at) {
  const int64_t part = at.training().global_batch / (at.ranks * at.experiment.passes(at.ranks));
  if (at.batch_norm() != models::BatchNormMode::local || part >= 8) return {};
  if (at.shards() > 0) {
    return warning(fmt::format("batch norm of {} a shard is noisy: consider fewer distributed.deterministic_shards",
                               plural(part, "sample")));
  }
  if (at.ranks == 1) return {};
  return warning(fmt::format("batch norm of {} a rank is noisy: consider model.batch_norm: synchronised", plural(part, "sample")),
                 true);
}

Judgements milestones_are_reached(const Case& at) {
  const auto* step = std::get_if<optim::StepConfig>(&at.experiment.schedule);
  if (!step || !at.data) return {};
  Judgements found;
  for (const double milestone : step->milestones_epochs) {
    if (milestone < static_cast<double>(at.length().epochs)) continue;
    found.push_back(warning(fmt::format("schedule.milestones_epochs {} is never reached in {}", milestone,
                                        plural(at.length().epochs, "epoch")))
                        .front());
  }
  return found;
}

constexpr Judgements (*kProblems[])(const Case&) = {
    name_is_a_folder,        ranks_have_samples,      batch_can_be_shared,
    shards_can_be_shared,    shards_are_the_passes,   shards_are_independent,
    shards_travel_unrounded, shards_travel_whole,     compression_has_no_loss_scale,
    epoch_has_a_batch,       task_fits_data,          summary_is_the_spectrum,
    task_has_its_sources,    labels_are_for_training, step_has_unlabelled_samples,
    density_has_its_loss,    flow_knows_the_ranges,   views_can_be_averaged,
    features_can_be_cached,  stop_has_a_target,       target_is_measured,
    target_has_validation,   plateau_has_validation,  horovod_has_a_scaled_rate,
    warmup_has_one_length};

// Applied only if there is no problem, because most warnings make no sense for an experiment that cannot run.
constexpr Judgements (*kWarnings[])(const Case&) = {
    early_stop_has_validation, plateau_counts_epochs,  validation_keeps_ranks_busy, epoch_uses_its_samples, rate_is_as_meant,
    batch_norm_has_samples,    milestones_are_reached, distances_have_samples,      views_are_averaged_once};

}  // namespace

DataFacts facts_of(const data::Splits& data, const data::Dataset* unlabelled) {
  DataFacts facts{data.train->spec(), data.train->size(), data.validation ? data.validation->size() : 0};
  if (unlabelled != nullptr) facts.unlabelled_samples = unlabelled->size();
  return facts;
}

std::vector<Judgement> judge(const Experiment& experiment, int world_size, const std::optional<DataFacts>& data) {
  std::optional<data::SampleSpec> spec;
  if (data) {
    spec = data->spec;
  } else {
    try {
      spec = data::spec_of(experiment.data);
    } catch (const Error& error) {
      return problem(error);
    }
  }
  const auto task = build_task(experiment);
  const Case at{experiment, world_size, *task, spec ? &*spec : nullptr, data ? &*data : nullptr};
  Judgements found;
  auto ask = [&](const auto& rules) {
    for (const auto& rule : rules) {
      for (Judgement& judgement : rule(at)) found.push_back(std::move(judgement));
    }
  };
  ask(kProblems);
  if (found.empty()) ask(kWarnings);
  return found;
}

std::string text_of(const Judgement& judgement) {
  return judgement.remedy.empty() ? judgement.what : fmt::format("{} ({})", judgement.what, judgement.remedy);
}

void refuse_problems(const std::vector<Judgement>& judgements) {
  Judgements problems;
  std::copy_if(judgements.begin(), judgements.end(), std::back_inserter(problems),
               [](const Judgement& judgement) { return judgement.kind == Judgement::Kind::problem; });
  if (problems.empty()) return;
  if (problems.size() == 1) throw Error(ExitCode::usage, problems[0].what, problems[0].remedy);
  std::string text = "the settings contradict each other or the data:";
  for (const Judgement& judgement : problems) text += "\n  " + text_of(judgement);
  throw Error(ExitCode::usage, text);
}

std::vector<std::string> warnings_of(const std::vector<Judgement>& judgements) {
  std::vector<std::string> warnings;
  for (const Judgement& judgement : judgements) {
    if (judgement.kind == Judgement::Kind::warning) warnings.push_back(judgement.what);
  }
  return warnings;
}

}  // namespace hpcai::trainer
