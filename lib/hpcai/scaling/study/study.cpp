#include "hpcai/scaling/study/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "hpcai/core/text.h"

namespace hpcai::scaling {

int64_t global_batch_of(const Member& member, int world, bool weak) {
  return member.experiment.training.global_batch * (weak ? world : 1);
}

int64_t accumulation_of(const Study& study, const Member& member, int world) {
  if (study.samples_per_pass == 0) return member.experiment.training.accumulation;
  const int64_t share = global_batch_of(member, world, study.weak) / world;
  int64_t passes = (share + study.samples_per_pass - 1) / study.samples_per_pass;
  while (share % passes != 0) ++passes;
  return passes;
}

std::filesystem::path config_of(const Study& study, const Member& member) { return study.folder / member.name / "config.yaml"; }

std::filesystem::path calibration_of(const Study& study, const Member& member) {
  return study.folder / member.name / "calibration.json";
}

std::filesystem::path run_folder_of(const Study& study, const Member& member, int world, int repeat) {
  return study.folder / member.name / (fmt::format("world-{}", world) + (repeat > 1 ? fmt::format("-repeat-{}", repeat) : ""));
}

Quality target_of(const trainer::Experiment& experiment) {
  const auto& evaluation = experiment.evaluation;
  if (evaluation.target_metric == tasks::MetricChoice::none) return {"none", 0};
  const tasks::Metric metric = tasks::metric_of(evaluation.target_metric);
  return {std::string(metric.name), evaluation.target_value, metric.higher_is_better};
}

std::string model_type_of(const trainer::Experiment& experiment) {
  return std::visit([](const auto& model) { return std::string(std::decay_t<decltype(model)>::kType); }, experiment.model);
}

std::vector<StudyRun> runs_of(const Study& study) {
  std::vector<StudyRun> runs;
  for (int repeat = 1; repeat <= study.repeats; ++repeat) {
    for (const Member& member : study.members) {
      for (const int world : study.worlds) {
        runs.push_back({&member, world, repeat, global_batch_of(member, world, study.weak),
                        member.experiment.training.seed + repeat - 1, run_folder_of(study, member, world, repeat)});
      }
    }
  }
  return runs;
}

bool is_done(const StudyRun& run) {
  const Outcome outcome = read_outcome(run.folder, "loss");
  return outcome.finished() && outcome.world == run.world;
}

std::string name_of(const StudyRun& run) {
  return fmt::format("{} on {}{}", run.member->name, plural(run.world, "rank"),
                     run.repeat > 1 ? fmt::format(", repeat {}", run.repeat) : "");
}

std::vector<std::string> arguments_of(const Study& study, const StudyRun& run, bool start_ranks) {
  std::vector<std::string> arguments = {"--config", config_of(study, *run.member).string()};
  auto set = [&](const std::string& setting) { arguments.insert(arguments.end(), {"--set", setting}); };
  const auto& training = run.member->experiment.training;
  if (run.global_batch != training.global_batch) set(fmt::format("training.global_batch={}", run.global_batch));
  const int64_t accumulation = accumulation_of(study, *run.member, run.world);
  if (accumulation != training.accumulation) set(fmt::format("training.accumulation={}", accumulation));
  if (run.seed != training.seed) set(fmt::format("training.seed={}", run.seed));
  if (start_ranks) arguments.insert(arguments.end(), {"--nproc", std::to_string(run.world)});
  arguments.insert(arguments.end(), {"--run-dir", run.folder.string(), "--resume", "auto"});
  return arguments;
}

int calibration_ranks(const Study& study) { return std::min(study.worlds.back(), 2); }

std::vector<std::string> calibration_arguments(const Study& study, const Member& member, double seconds) {
  return {"calibrate",
          "--config",
          config_of(study, member).string(),
          "--seconds",
          fmt::format("{:g}", seconds),
          "--out",
          calibration_of(study, member).string()};
}

}  // namespace hpcai::scaling
