#include "hpcai/trainer/trainer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/Context.h>
#include <fmt/format.h>

#include "hpcai/checkpoint/copy_tensors.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/distributed/exchange/agree.h"
#include "hpcai/optim/clip.h"
#include "hpcai/optim/schedule.h"
#include "hpcai/trainer/forward.h"
#include "hpcai/trainer/pacer.h"
#include "hpcai/trainer/stop_signal.h"
#include "hpcai/trainer/verdict.h"

namespace hpcai::trainer {
namespace {

constexpr const char* kRawPrefix = "raw.";  // the live weights, beside the averaged ones

std::vector<StageConfig> stages_of(const TrainingConfig& training) {
  if (!training.stages.empty()) return training.stages;
  StageConfig whole;
  whole.epochs = training.epochs;
  whole.early_stop_patience = training.early_stop_patience;
  return {whole};
}

std::optional<optim::Plateau> plateau_of(const optim::ScheduleConfig& schedule, const StageConfig& stage) {
  const auto* config = std::get_if<optim::PlateauConfig>(&schedule);
  return config && stage.plateau ? std::make_optional<optim::Plateau>(*config) : std::nullopt;
}

checkpoint::NamedTensors detached(checkpoint::NamedTensors tensors) {
  for (auto& [name, tensor] : tensors) tensor = tensor.detach();
  return tensors;
}

void copy_into(const checkpoint::NamedTensors& target, const checkpoint::NamedTensors& source, const std::string& prefix = "") {
  if (const auto missing = checkpoint::copy_tensors(source, target, prefix)) {
    throw Error(ExitCode::cannot_resume, fmt::format("the checkpoint has no tensor '{}' of the model's shape", *missing),
                "The checkpoint belongs to another model: check the section model, or start a new run.");
  }
}

}  // namespace

checkpoint::NamedTensors tensors_of(const models::Model& model) {
  checkpoint::NamedTensors tensors;
  for (const auto& item : model.named_parameters()) tensors.emplace_back(item.key(), item.value());
  for (const auto& item : model.named_buffers()) tensors.emplace_back(item.key(), item.value());
  return detached(std::move(tensors));
}

Trainer::Trainer(Parts parts, Settings settings, Events& events)
    : parts_(parts),
      settings_(std::move(settings)),
      events_(events),
      stages_(stages_of(settings_.training)),
      early_stop_(stages_[0].early_stop_patience),
      average_(tensors_of(parts_.model), settings_.training.average_decay),
      step_times_(parts_.loader, parts_.group) {
  distributed::broadcast_state(parts_.group, [&] {
    std::vector<at::Tensor> tensors;
    for (const auto& [name, tensor] : tensors_of(parts_.model)) tensors.push_back(tensor);
    return tensors;
  }());
  plateau_ = plateau_of(settings_.schedule, stages_[0]);
  if (needs_loss_scale(settings_.training.precision, settings_.reducer.wire_precision)) scaler_.emplace();
  enter_stage();
}

Trainer::~Trainer() = default;

StepReport Trainer::step() {
  parts_.group.status().begin_step(position_.step + 1);
  const data::Batch batch = next_batch();
  const double lr = learning_rate();
  reducer_->zero_grad();
  const at::Tensor loss = forward_backward(batch);
  reducer_->finish();
  if (scaler_) scaler_->unscale(reducer_->flat_gradients());

  parts_.group.wait_for_device();
  const Verdict verdict = agree_on_step(parts_.group, loss, stop_requested(), step_times_.busy());
  step_times_.end_step(verdict.busy);
  if (!verdict.finite) report_divergence(parts_.group, position_.step + 1, parts_.dataset, batch, loss);
  const auto loss_scale = scaler_ ? std::make_optional(scaler_->scale()) : std::nullopt;
  if (!scaler_ || scaler_->accept(position_.step + 1)) update_weights(lr);

  ++position_.step;
  ++position_.batch;
  ++position_.stage_step;
  return {position_, verdict.loss, lr, settings_.training.global_batch, verdict.stop, loss_scale};
}

void Trainer::update_weights(double lr) {
  if (settings_.training.clip_norm > 0) optim::clip_gradients(trained_, settings_.training.clip_norm);
  parts_.optimizer.step(lr);
  average_.update(position_.step);
}

data::Batch Trainer::next_batch() {
  const distributed::InPhase phase(parts_.group.status(), distributed::Phase::input);
  return parts_.loader.next();
}

// Leaves this rank's gradients in the reducer's buckets and returns its mean loss. Every pass over a part of the batch
// is a function of (seed, step, place in the global batch), so a resumed run draws the same dropout.
at::Tensor Trainer::forward_backward(const data::Batch& batch) {
  const distributed::InPhase phase(parts_.group.status(), distributed::Phase::compute);
  const int64_t parts = settings_.training.accumulation;
  const int64_t size = batch.input.size(0) / parts;
  const at::Device device = parts_.group.device();
  at::Tensor total;
  Pacer pacer(parts_.group);
  for (int64_t part = 0; part < parts; ++part) {
    parts_.model.set_randomness(
        {static_cast<uint64_t>(settings_.training.seed), position_.step, parts_.group.rank() * parts * size + part * size});
    const at::Tensor input = batch.input.narrow(0, part * size, size).to(device, /*non_blocking=*/true);
    const at::Tensor target = batch.target.narrow(0, part * size, size).to(device, /*non_blocking=*/true);
    if (part + 1 == parts) reducer_->prepare();
    const at::Tensor loss = parts_.loss(forward(parts_.model, input, settings_.training.precision), target) / parts;
    (scaler_ ? scaler_->scaled(loss) : loss).backward();
    pacer.pass_done();
    total = total.defined() ? total + loss.detach() : loss.detach();
  }
  return total;
}

Ending Trainer::run() {
  step_times_.restart();
  while (!finished()) {
    const StepReport report = step();
    events_.step_done(report);
    const bool epoch_ended = position_.batch == steps_per_epoch();
    const bool best = epoch_ended && end_epoch();
    if (report.stop || save_due(epoch_ended, best)) {
      events_.save(position_, best);
      saved_ = position_;
    }
    if (epoch_ended || saved_ == position_) step_times_.restart();
    if (report.stop && !finished()) return Ending::stopped;
  }
  if (saved_ != position_) events_.save(position_, false);
  return Ending::finished;
}

bool Trainer::finished() const {
  const int64_t limit = settings_.training.max_steps;
  return position_.stage == static_cast<int64_t>(stages_.size()) || (limit > 0 && position_.step >= limit);
}

// Evaluates, lowers the rate on a plateau, ends the stage; all of it on numbers that are the same on all ranks. Returns
// whether the validation loss is the best so far.
bool Trainer::end_epoch() {
  ++position_.epoch;
  ++position_.stage_epoch;
  position_.batch = 0;
  std::optional<double> loss;
  bool stop_early = false, good_enough = false;
  if (position_.epoch % settings_.evaluate_every_epochs == 0) {
    ScopedAverage use_average(average_);
    if (const auto validation = events_.evaluate(position_)) {
      loss = validation->loss;
      good_enough = validation->good_enough;
    }
  }
  if (loss && plateau_ && plateau_->observe(*loss)) {
    log::info("no better validation loss: the learning rate falls to {:.3g}", learning_rate());
  }
  if (loss && early_stop_.observe(*loss)) stop_early = true;
  events_.epoch_done(position_, loss);
  if (good_enough || stop_early || position_.stage_epoch == stage().epochs) {
    position_.stage = good_enough ? static_cast<int64_t>(stages_.size()) : position_.stage + 1;
    position_.stage_epoch = position_.stage_step = 0;
    if (position_.stage < static_cast<int64_t>(stages_.size())) {
      plateau_ = plateau_of(settings_.schedule, stage());
      early_stop_ = optim::EarlyStop(stage().early_stop_patience);
      enter_stage();
    }
  }
  return loss && best_.observe(*loss);
}

bool Trainer::save_due(bool epoch_ended, bool best) const {
  const auto& config = settings_.checkpoint;
  return (config.every_steps > 0 && position_.step % config.every_steps == 0) ||
         (epoch_ended && config.every_epochs > 0 && position_.epoch % config.every_epochs == 0) || (best && config.best);
}

// Freezes what the stage freezes, and arranges the gradients anew.
void Trainer::enter_stage() {
  parts_.model.set_trainable_from(stage().trainable_from);
  if (stages_.size() > 1) {
    log::info("stage {} of {}: trains from {}", position_.stage + 1, stages_.size(), stage().trainable_from);
  }
  trained_.clear();
  for (const at::Tensor& parameter : parts_.model.parameters()) {
    if (parameter.requires_grad()) trained_.push_back(parameter);
  }
  reducer_.reset();
  for (const at::Tensor& parameter : parts_.model.parameters()) parameter.mutable_grad() = at::Tensor();
  reducer_ = std::make_unique<distributed::Reducer>(parts_.group, trained_, settings_.reducer);
  reducer_->zero_grad();
}

int64_t Trainer::stage_steps() const {
  const int64_t steps = stage().epochs * steps_per_epoch();
  const int64_t limit = settings_.training.max_steps;
  const int64_t start = position_.step - position_.stage_step;
  return limit > 0 ? std::max<int64_t>(1, std::min(steps, limit - start)) : steps;
}

int64_t Trainer::total_steps() const {
  int64_t epochs = 0;
  for (const StageConfig& stage : stages_) epochs += stage.epochs;
  const int64_t steps = epochs * steps_per_epoch();
  const int64_t limit = settings_.training.max_steps;
  return limit > 0 ? std::min(steps, limit) : steps;
}

double Trainer::learning_rate() const {
  const optim::ScheduleState state{plateau_ ? plateau_->factor() : 1.0};
  return optim::learning_rate(settings_.schedule, state, settings_.base_lr, position_.stage_step, steps_per_epoch(),
                              stage_steps());
}

checkpoint::TrainingState Trainer::state() {
  checkpoint::TrainingState state;
  state.optimizer = parts_.optimizer.state();
  if (average_.enabled()) {
    for (const auto& [name, tensor] : tensors_of(parts_.model)) state.optimizer.emplace_back(kRawPrefix + name, tensor.clone());
    ScopedAverage use_average(average_);
    for (const auto& [name, tensor] : tensors_of(parts_.model)) state.model.emplace_back(name, tensor.clone());
  } else {
    state.model = tensors_of(parts_.model);
  }
  state.state = {{"position", position_}, {"early_stop", early_stop_.state()}, {"best", best_.state()}};
  if (plateau_) state.state["plateau"] = plateau_->state();
  if (scaler_) state.state["loss_scale"] = scaler_->state();
  return state;
}

void Trainer::load(const checkpoint::TrainingState& saved) {
  try {
    position_ = saved.state.at("position").get<Position>();
    if (!finished()) {
      early_stop_ = optim::EarlyStop(stage().early_stop_patience);
      plateau_ = plateau_of(settings_.schedule, stage());
    }
    early_stop_.load(saved.state.at("early_stop"));
    best_.load(saved.state.at("best"));
    if (plateau_) plateau_->load(saved.state.at("plateau"));
    if (scaler_) scaler_->load(saved.state.at("loss_scale"));
  } catch (const nlohmann::json::exception& e) {
    throw Error(ExitCode::cannot_resume, fmt::format("the checkpoint's state.json lacks what this run needs: {}", e.what()));
  }
  copy_into(tensors_of(parts_.model), saved.model);
  if (average_.enabled()) {
    copy_into(average_.tensors(), saved.model);
    copy_into(tensors_of(parts_.model), saved.optimizer, kRawPrefix);
  }
  checkpoint::NamedTensors optimizer;
  for (const auto& item : saved.optimizer) {
    if (item.first.rfind(kRawPrefix, 0) != 0) optimizer.push_back(item);
  }
  parts_.optimizer.load(optimizer);
  parts_.loader.seek(position_.epoch, position_.batch);
  saved_ = position_;
  if (!finished()) enter_stage();
}

}  // namespace hpcai::trainer
