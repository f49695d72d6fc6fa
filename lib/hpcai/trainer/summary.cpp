#include "hpcai/trainer/summary.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "hpcai/config/config.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/core/version.h"
#include "hpcai/optim/base_rate.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/judgements.h"

namespace hpcai::trainer {

void introduce(const Experiment& experiment, const Training& training, const Loop& loop, const distributed::Group& group,
               const std::filesystem::path& folder) {
  const auto size = models::size_of(*training.model);
  const CourseLength& length = loop.course().length();
  const int64_t passes = experiment.passes(group.size());
  log::info("hpcai-train {}: {} in {}", kVersion, experiment.name, folder.string());
  log::info("data       {} training, {} validation, {} test samples", data::size_of(training.data.train),
            data::size_of(training.data.validation), data::size_of(training.data.test));
  if (training.unlabelled()) log::info("unlabelled {}", plural(training.unlabelled()->size(), "sample"));
  log::info("model      {} values, {} trained now", size.values, size.trainable);
  log::info("batch      {} samples a step on {}: {} each{}", experiment.training.global_batch, plural(group.size(), "rank"),
            experiment.training.global_batch / group.size(), passes > 1 ? fmt::format(", in {} passes", passes) : "");
  log::info("optimizer  {}", optim::describe_rate(experiment.optimizer, experiment.training.global_batch));
  log::info("training   {} steps, {} an epoch", length.steps, length.steps_per_epoch);
  for (const std::string& text : warnings_of(judge(experiment, group.size(), facts_of(training.data, training.unlabelled()))))
    log::warning("{}", text);
}

nlohmann::json summarise(const Experiment& experiment, const Training& training, Loop& loop, const distributed::Group& group,
                         double samples_per_second, const std::string& status) {
  const auto size = models::size_of(*training.model);
  const Position& position = loop.course().position();
  nlohmann::json summary = {{"status", status},
                            {"name", experiment.name},
                            {"version", kVersion},
                            {"steps", position.step},
                            {"epochs", position.epoch},
                            {"time_s", loop.elapsed_s()},
                            {"saving_s", loop.saving_s()},
                            {"samples_per_second", samples_per_second},
                            {"world_size", group.size()},
                            {"device", group.device().str()},
                            {"step_time", loop.step_times().mean()},
                            {"parameters", size.values},
                            {"trainable_parameters", size.trainable},
                            {"config_digest", config::digest(experiment)}};
  if (loop.computation().scaler() || loop.skipped_steps() > 0) summary["skipped_steps"] = loop.skipped_steps();
  summary["validation"] = loop.last_validation();
  if (const auto target = loop.target().summary(); !target.is_null()) summary["target"] = target;
  return summary;
}

void tell_balance(const StepTimes& times, const std::vector<std::string>& hosts) {
  if (hosts.size() < 2 || times.steps() == 0) return;
  const StepSplit mean = times.mean();
  log::info("step       {:.3g} ms: {:.0f} % computing, {:.0f} % exposed communication, {:.0f} % input, {:.0f} % imbalance",
            1e3 * mean.step_s, 100 * mean.compute_s / mean.step_s, 100 * mean.exposed_communication_s / mean.step_s,
            100 * mean.input_s / mean.step_s, 100 * mean.imbalance_s / mean.step_s);
  log::info("balance    {}", describe_slowest(times.ranks(), hosts));
}

}  // namespace hpcai::trainer
