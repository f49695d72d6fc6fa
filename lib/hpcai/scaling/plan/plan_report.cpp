#include <fmt/format.h>

#include "hpcai/core/text.h"
#include "hpcai/runs/progress.h"
#include "hpcai/jobs/batch_script.h"
#include "hpcai/scaling/plan/plan.h"

// A plan as JSON for programs and as text for people.
namespace hpcai::scaling {
namespace {

std::string size_text(double bytes) {
  const char* units[] = {"B", "kB", "MB", "GB", "TB"};
  size_t unit = 0;
  for (; bytes >= 1000 && unit < 4; ++unit) bytes /= 1000;
  return fmt::format("{:.3g} {}", bytes, units[unit]);
}

std::string line(const char* name, const std::string& text) { return fmt::format("{:<12}{}\n", name, text); }

std::string percent(double part, double whole) { return fmt::format("{:.0f} %", whole > 0 ? 100 * part / whole : 0); }

}  // namespace

nlohmann::json to_json(const Plan& plan) {
  const StepTime& step = plan.step;
  nlohmann::json json = {{"nodes", plan.layout.nodes},
                         {"ranks_per_node", plan.layout.ranks_per_node},
                         {"world_size", plan.layout.ranks()},
                         {"device", plan.gpus ? "cuda" : "cpu"},
                         {"training_samples", plan.training_samples},
                         {"validation_samples", plan.validation_samples},
                         {"test_samples", plan.test_samples},
                         {"global_batch", plan.global_batch},
                         {"batch_per_rank", plan.batch_per_rank},
                         {"accumulation", plan.passes},
                         {"batch_per_pass", plan.batch_per_rank / plan.passes},
                         {"steps_per_epoch", plan.steps_per_epoch},
                         {"samples_dropped_per_epoch", plan.dropped_per_epoch},
                         {"epochs", plan.epochs},
                         {"total_steps", plan.total_steps},
                         {"warmup_steps", plan.warmup_steps},
                         {"memory_per_rank_bytes", plan.memory_per_rank},
                         {"node_memory_per_rank_bytes", plan.node_memory_per_rank},
                         {"memory",
                          {{"weights", plan.footprint.weights},
                           {"gradients", plan.footprint.gradients},
                           {"optimizer", plan.footprint.optimizer},
                           {"average", plan.footprint.average},
                           {"snapshots", plan.footprint.snapshots},
                           {"activations_per_sample", plan.footprint.activations_per_sample}}},
                         {"multiply_adds_per_sample", plan.footprint.macs_per_sample},
                         {"checkpoint_bytes", plan.footprint.checkpoint},
                         {"disk_bytes", plan.disk},
                         {"checkpoint_every_s", plan.checkpoint_every_s},
                         {"step_time",
                          {{"mean_s", step.step_s},
                           {"compute_s", step.compute_s},
                           {"exposed_communication_s", step.exposed_communication_s},
                           {"input_s", step.input_s},
                           {"imbalance_s", step.imbalance_s}}},
                         {"epoch_s", plan.epoch_s},
                         {"evaluation_s", plan.evaluation_s},
                         {"total_s", plan.total_s},
                         {"jobs", plan.jobs},
                         {"assumptions", plan.assumptions},
                         {"warnings", plan.warnings}};
  if (plan.time_s) json["time_limit_s"] = *plan.time_s;
  return json;
}

std::string to_text(const Plan& plan) {
  const StepTime& step = plan.step;
  const auto duration = [](double seconds) { return runs::format_duration(seconds); };
  std::string text =
      line("world", fmt::format("{}: {} x {} {}", plural(plan.layout.ranks(), "rank"), plural(plan.layout.nodes, "node"),
                                plan.layout.ranks_per_node, plan.gpus ? "GPUs" : "CPU ranks"));
  text += line("data", fmt::format("{} training, {} validation, {} test samples", plan.training_samples, plan.validation_samples,
                                   plan.test_samples));
  text += line("batch", fmt::format("{} a step, {} on each rank{}", plan.global_batch, plan.batch_per_rank,
                                    plan.passes > 1 ? fmt::format(" in {} passes", plan.passes) : ""));
  text += line("schedule", fmt::format("{} steps: {} of {} steps; warm-up {} steps", plan.total_steps,
                                       plural(plan.epochs, "epoch"), plan.steps_per_epoch, plan.warmup_steps));
  const Footprint& need = plan.footprint;
  text += line("memory", fmt::format("{} a rank{}: weights {}, gradients {}, optimizer {}{}{}, activations {} a sample",
                                     size_text(plan.memory_per_rank), plan.gpus ? "" : " beside the program's own 200 MB",
                                     size_text(need.weights), size_text(need.gradients), size_text(need.optimizer),
                                     need.average > 0 ? ", average " + size_text(need.average) : "",
                                     need.snapshots > 0 ? ", snapshots " + size_text(need.snapshots) : "",
                                     size_text(need.activations_per_sample)));
  text += line("disk", fmt::format("{} a checkpoint, at most {} in all", size_text(need.checkpoint), size_text(plan.disk)));
  text += line("step", fmt::format("{:.4g} s: compute {}, exposed communication {}, input {}, imbalance {}", step.step_s,
                                   percent(step.compute_s, step.step_s), percent(step.exposed_communication_s, step.step_s),
                                   percent(step.input_s, step.step_s), percent(step.imbalance_s, step.step_s)));
  text += line("speed", fmt::format("{:.4g} samples/s", static_cast<double>(plan.global_batch) / step.step_s));
  text += line("time", fmt::format("{} in all: {} an epoch{}", duration(plan.total_s), duration(plan.epoch_s),
                                   plan.evaluation_s > 0 ? " and " + duration(plan.evaluation_s) + " an evaluation" : ""));
  if (plan.time_s) {
    const std::string limit = jobs::format_slurm_time(*plan.time_s);
    text += line("jobs", plan.jobs == 1 ? fmt::format("fits into one job of {}", limit)
                                        : fmt::format("{} jobs of {}: queued again {}, nothing lost at a clean stop", plan.jobs,
                                                      limit, plural(plan.jobs - 1, "time")));
  }
  text += line("saves", plan.checkpoint_every_s > 0
                            ? fmt::format("every {}: the most that a crash can lose", duration(plan.checkpoint_every_s))
                            : "only when training ends or is stopped by a signal: a crash loses everything");
  for (const std::string& assumption : plan.assumptions) text += line("assumed", assumption);
  for (const std::string& warning : plan.warnings) text += line("warning", warning);
  return text;
}

}  // namespace hpcai::scaling
