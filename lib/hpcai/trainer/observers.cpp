#include "hpcai/trainer/observers.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "hpcai/core/log.h"

namespace hpcai::trainer {

void ThroughputMeter::step_done(const StepReport& report, double) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  throughput_.add(std::chrono::duration<double>(now).count(), report.samples);
}

void MetricsLines::step_done(const StepReport& report, double time_s) {
  const Position& position = report.position;
  if (report.skipped) return write_skipped(*report.skipped, position, time_s);
  if (position.step % every_steps_ != 0) return;
  nlohmann::json line = {{"event", "step"},     {"step", position.step}, {"epoch", position.epoch},
                         {"loss", report.loss}, {"lr", report.lr},       {"samples_per_second", meter_.samples_per_second()},
                         {"time_s", time_s}};
  if (report.loss_scale) line["loss_scale"] = *report.loss_scale;
  write(line);
}

void MetricsLines::write_skipped(const SkippedStep& skipped, const Position& position, double time_s) {
  nlohmann::json line = {{"event", skipped.restored_step ? "rolled_back" : "skipped"},
                         {"step", position.step},
                         {"epoch", position.epoch},
                         {"reason", skipped.reason},
                         {"samples", skipped.samples},
                         {"time_s", time_s}};
  if (skipped.restored_step) {
    line["to_step"] = *skipped.restored_step;
    line["rolled_back_steps"] = position.step - 1 - *skipped.restored_step;
  }
  write(line);
}

void MetricsLines::evaluated(const Position& position, const nlohmann::json& metrics, double time_s) {
  nlohmann::json line = {{"event", "evaluation"}, {"step", position.step}, {"epoch", position.epoch}, {"split", "validation"}};
  line.update(metrics);
  line["time_s"] = time_s;
  write(line);
}

void MetricsLines::epoch_done(const Position& position, std::optional<double> validation_loss, double time_s) {
  nlohmann::json line = {
      {"event", "epoch"}, {"step", position.step}, {"epoch", position.epoch}, {"stage", position.stage}, {"time_s", time_s}};
  if (validation_loss) line["validation_loss"] = *validation_loss;
  write(line);
}

void MetricsLines::healed(const Position& position, const std::vector<int>& ranks, const std::string& tensor, double time_s) {
  write({{"event", "healed"},
         {"step", position.step},
         {"epoch", position.epoch},
         {"ranks", ranks},
         {"tensor", tensor},
         {"time_s", time_s}});
}

void NewestLines::step_done(const StepReport& report, double time_s) {
  lines_.clear();
  MetricsLines::step_done(report, time_s);
}

void Console::step_done(const StepReport& report, double) {
  if (!progress_ || report.skipped) return;
  runs::ProgressState state;
  state.task = "train";
  state.step = report.position.step;
  state.total_steps = length_.steps;
  state.epoch = report.position.epoch + 1;
  state.loss = report.loss;
  state.samples_per_second = meter_.samples_per_second();
  if (state.samples_per_second > 0) {
    state.left_s = static_cast<double>((state.total_steps - state.step) * report.samples) / state.samples_per_second;
  }
  progress_->update(state);
}

void Console::evaluated(const Position& position, const nlohmann::json& metrics, double) {
  log::info("epoch {}: validation {}", position.epoch, tasks::describe_quality(task_.metrics(), metrics));
}

}  // namespace hpcai::trainer
