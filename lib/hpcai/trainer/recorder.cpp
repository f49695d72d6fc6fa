#include "hpcai/trainer/recorder.h"

#include <fmt/format.h>

#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/trainer/stop_signal.h"
#include "hpcai/trainer/together.h"

namespace hpcai::trainer {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kLongest_s = 1e12;  // a training may take

double seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

std::string describe_quality(const nlohmann::json& metrics) {
  const std::pair<const char*, const char*> shown[] = {{"loss", "loss"},
                                                       {"accuracy", "accuracy"},
                                                       {"f1", "F1"},
                                                       {"overlap_median", "overlap median"},
                                                       {"overlap_p05", "5 % below"}};
  std::string text;
  for (const auto& [key, label] : shown) {
    if (!metrics.contains(key) || !metrics[key].is_number()) continue;
    text += fmt::format("{}{} {:.4g}", text.empty() ? "" : ", ", label, metrics[key].get<double>());
  }
  return text;
}

Recorder::Recorder(distributed::Group& group, const Training& training, const runs::RunFolder& folder, checkpoint::Origin origin)
    : group_(group),
      training_(training),
      folder_(folder),
      checkpoints_(folder.checkpoints(), training.settings.checkpoint.keep, std::move(origin),
                   training.settings.checkpoint.max_unsaved_s),
      target_(training.target) {}

Recorder::~Recorder() = default;

void Recorder::begin(Trainer& trainer, const nlohmann::json& saved) {
  trainer_ = &trainer;
  if (!saved.is_null()) {
    if (saved.contains("elapsed_s")) elapsed_before_s_ = number_at(saved, "elapsed_s", 0, kLongest_s);
    target_.load(saved.value("target", nlohmann::json()));
  }
  start_ = Clock::now();
  if (!talks()) return;
  checkpoints_.prepare();
  metrics_ = std::make_unique<runs::MetricsFile>(folder_.metrics(),
                                                 saved.is_null() ? std::nullopt : std::optional(trainer.position().step));
  progress_ = std::make_unique<runs::Progress>(group_.rank());
}

double Recorder::elapsed_s() const { return elapsed_before_s_ + seconds(Clock::now() - start_); }

void Recorder::pause_throughput(Clock::time_point since) { throughput_.pause(seconds(Clock::now() - since)); }

void Recorder::step_done(const StepReport& report) {
  throughput_.add(seconds(Clock::now().time_since_epoch()), report.samples);
  if (!talks()) return;
  const Position& position = report.position;
  if (position.step % training_.settings.training.log_every_steps == 0) {
    nlohmann::json line = {{"event", "step"},         {"step", position.step},
                           {"epoch", position.epoch}, {"loss", report.loss},
                           {"lr", report.lr},         {"samples_per_second", throughput_.samples_per_second()},
                           {"time_s", elapsed_s()}};
    if (report.loss_scale) line["loss_scale"] = *report.loss_scale;
    metrics_->write(line);
  }
  runs::ProgressState state;
  state.task = "train";
  state.step = position.step;
  state.total_steps = trainer_->total_steps();
  state.epoch = position.epoch + 1;
  state.loss = report.loss;
  state.samples_per_second = throughput_.samples_per_second();
  if (state.samples_per_second > 0) {
    state.left_s = static_cast<double>((state.total_steps - state.step) * report.samples) / state.samples_per_second;
  }
  progress_->update(state);
  retry_saving();
}

std::optional<Validation> Recorder::evaluate(const Position& position) {
  if (!training_.data.validation) return std::nullopt;
  const auto since = Clock::now();
  const auto result =
      trainer::evaluate(group_, *training_.model, *training_.loss, *training_.data.validation, training_.evaluation);
  require_finite(result, "validation");
  last_validation_ = result.metrics;
  if (talks()) {
    nlohmann::json line = {{"event", "evaluation"}, {"step", position.step}, {"epoch", position.epoch}, {"split", "validation"}};
    line.update(result.metrics);
    line["time_s"] = elapsed_s();
    metrics_->write(line);
    log::info("epoch {}: validation {}", position.epoch, describe_quality(result.metrics));
  }
  pause_throughput(since);
  return Validation{result.loss, target_.observe(result.metrics, position, elapsed_s())};
}

void Recorder::epoch_done(const Position& position, std::optional<double> validation_loss) {
  if (!talks()) return;
  nlohmann::json line = {
      {"event", "epoch"}, {"step", position.step}, {"epoch", position.epoch}, {"stage", position.stage}, {"time_s", elapsed_s()}};
  if (validation_loss) line["validation_loss"] = *validation_loss;
  metrics_->write(line);
}

void Recorder::save(const Position& position, bool best) {
  const auto since = Clock::now();
  // A disk that is full on rank 0 ends all ranks alike, at once.
  together(group_, [&] {
    if (!talks()) return;
    const distributed::InPhase phase(group_.status(), distributed::Phase::save);
    checkpoint::TrainingState state = trainer_->state();
    state.state["elapsed_s"] = elapsed_s();
    state.state["target"] = target_.state();
    metrics_->sync();
    checkpoints_.save(position.step, state, best && training_.settings.checkpoint.best);
  });
  pause_throughput(since);
}

// Rank 0 alone tries, while the others wait for its part of the next step.
void Recorder::retry_saving() {
  const distributed::InPhase phase(group_.status(), distributed::Phase::save);
  checkpoints_.retry();
  if (checkpoints_.overdue()) request_stop();  // all ranks stop at the same step, where save() throws on all of them
}

void Recorder::finish() {
  progress_.reset();
  together(group_, [&] {
    if (!talks()) return;
    const distributed::InPhase phase(group_.status(), distributed::Phase::save);
    checkpoints_.finish();
    metrics_->finish();
  });
}

}  // namespace hpcai::trainer
