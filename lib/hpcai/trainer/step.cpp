#include "hpcai/trainer/step.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "hpcai/checkpoint/copy_tensors.h"
#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/agree.h"
#include "hpcai/kernels/one_thread.h"
#include "hpcai/optim/clip.h"
#include "hpcai/trainer/compression_memory.h"
#include "hpcai/trainer/network.h"
#include "hpcai/trainer/pacer.h"
#include "hpcai/trainer/weights.h"

namespace hpcai::trainer {
namespace {

constexpr const char* kRawPrefix = "raw.";  // prefix of the weights that are not averaged, in a checkpoint with averaged weights

void refuse_unfitting(const std::optional<std::string>& name) {
  if (!name) return;
  throw Error(ExitCode::cannot_resume, fmt::format("the checkpoint has no tensor '{}' of the model's shape and type", *name),
              "The checkpoint belongs to another model: check the section model, or start a new run.");
}

bool are_finite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

std::vector<at::Tensor> without_names(const NamedTensors& named) {
  std::vector<at::Tensor> tensors;
  for (const auto& [name, tensor] : named) tensors.push_back(tensor);
  return tensors;
}

}  // namespace

StepSettings StepSettings::from(const TrainingConfig& training, const distributed::ReducerOptions& reducer, int64_t shards) {
  return {.precision = training.precision,
          .accumulation = training.accumulation,
          .seed = static_cast<uint64_t>(training.seed),
          .clip_norm = training.clip_norm,
          .average_decay = training.average_decay,
          .discardable = training.on_divergence == OnDivergence::skip,
          .roll_back_steps = training.on_divergence == OnDivergence::roll_back ? training.roll_back_steps : 0,
          .reducer = reducer,
          .shards = shards};
}

namespace {

// The tensors of the model, after all ranks have taken those of rank 0.
auto agreed_tensors(const StepContext& context) {
  auto tensors = tensors_of(context.model);
  distributed::broadcast_state(context.group, without_names(tensors));
  return tensors;
}

}  // namespace

Step::Step(StepContext context, StepSettings settings, const std::string& trainable_from)
    : context_(context),
      settings_(std::move(settings)),
      passes_(sharded() ? settings_.shards / context_.group.size() : settings_.accumulation),
      input_(context_.group.device(), /*copies=*/sharded()),
      loss_(at::zeros({}, at::TensorOptions(at::kFloat).device(context_.group.device()))),
      own_loss_(sharded() ? loss_.clone() : loss_),
      not_finite_(at::zeros_like(loss_)),
      one_(at::ones_like(loss_)),
      average_(agreed_tensors(context_), settings_.average_decay) {
  if (needs_loss_scale(settings_.precision, settings_.reducer.wire_precision)) {
    scaler_.emplace(LossScaling{}, context_.group.device());
  }
  if (settings_.discardable) statistics_ = context_.model.buffers();
  for (const at::Tensor& values : statistics_) kept_.push_back(values.detach().clone());
  if (settings_.roll_back_steps > 0) snapshots_.emplace(whole_state(), settings_.roll_back_steps);
  train_from(trainable_from);
}

void Step::train_from(const std::string& layer) {
  context_.model.set_trainable_from(layer);
  trained_.clear();
  for (const at::Tensor& parameter : context_.model.parameters()) {
    if (parameter.requires_grad()) trained_.push_back(parameter);
  }
  reducer_.reset();
  for (const at::Tensor& parameter : context_.model.parameters()) parameter.mutable_grad() = at::Tensor();
  if (sharded()) {
    shard_mean_.emplace(context_.group, context_.model, trained_, settings_.shards, settings_.reducer.bucket_mb);
    return;
  }
  reducer_ = std::make_unique<distributed::Reducer>(context_.group, trained_, settings_.reducer);
  restore_compression_memory(context_.group, *reducer_, std::exchange(loaded_memory_, {}));
  reducer_->zero_grad();
}

void Step::compute_gradients(const data::StepBatch& batch, int64_t number) {
  const kernels::OneThread one_thread(sharded());
  if (snapshots_) snapshots_->keep(number);
  copy_each(kept_, statistics_);
  sharded() ? compute_shards(batch, number) : compute_passes(batch, number);
  check_gradients();
}

void Step::compute_passes(const data::StepBatch& batch, int64_t number) {
  reducer_->zero_grad();
  loss_.zero_();
  Pacer pacer(context_.group);
  for (int64_t pass = 0; pass < passes_; ++pass) {
    begin_pass(batch, pass, number);
    if (pass + 1 == passes_) reducer_->prepare(number);
    loss_.add_(compute_pass());
    pacer.pass_done();
  }
  reducer_->finish();
}

void Step::check_gradients() {
  const at::NoGradGuard no_grad;
  const auto& gradients = sharded() ? shard_mean_->flat_gradients() : reducer_->flat_gradients();
  gradient_squares_.clear();
  if (scaler_) return scaler_->unscale(gradients);
  not_finite_.zero_();
  // Where the squares of all gradients have a finite sum, all are finite. The sum only reads, where LibTorch's check also writes;
  // gradients above 1e19 overflow it, so that it cannot tell that gradients are not finite.
  if (context_.optimizer.updates_in_one_pass()) {
    gradient_squares_ = context_.optimizer.gradient_squares();
    if (are_finite(gradient_squares_)) return;
  }
  if (!gradients.empty()) at::_amp_foreach_non_finite_check_and_unscale_(gradients, not_finite_, one_);
}

void Step::compute_shards(const data::StepBatch& batch, int64_t number) {
  own_loss_.zero_();
  Pacer pacer(context_.group);
  for (int64_t shard = 0; shard < passes_; ++shard) {
    shard_mean_->begin_shard();
    begin_pass(batch, shard, number);
    const at::Tensor loss = compute_pass();
    shard_mean_->end_shard(loss);
    own_loss_.add_(loss / passes_);
    pacer.pass_done();
  }
  loss_.copy_(shard_mean_->finish());
}

at::Tensor Step::compute_pass() {
  const tasks::Network network = network_of(context_.model, settings_.precision);
  const at::Tensor loss = context_.task.loss(network, input_.batch()) / settings_.accumulation;
  if (forward_done_) forward_done_();
  (scaler_ ? scaler_->scaled(loss) : loss).backward();
  return loss.detach();
}

void Step::apply() {
  optim::Alongside alongside{.gradient_squares = std::exchange(gradient_squares_, {})};
  if (context_.optimizer.updates_in_one_pass()) {
    context_.optimizer.clip(settings_.clip_norm, alongside);
  } else if (settings_.clip_norm > 0) {
    optim::clip_gradients(trained_, settings_.clip_norm);
  }
  average_.update_with(context_.optimizer, alongside);
}

// Sets what the pass reads: its samples, and the randomness of dropout, which is a function of (seed, step, place in the global
// batch), so that a resumed run draws the same values.
void Step::begin_pass(const data::StepBatch& batch, int64_t pass, int64_t number) {
  const int64_t count = batch.input.size(0) / passes_;
  const int64_t place = (context_.group.rank() * passes_ + pass) * count;
  const models::Randomness randomness{settings_.seed, number, place};
  context_.model.set_randomness(randomness);
  models::seed_dropout(context_.group.device(), randomness);
  input_.take(batch, pass, passes_);
}

void Step::update(double lr, int64_t number) {
  const kernels::OneThread one_thread(sharded());
  context_.optimizer.prepare(lr);
  average_.prepare(number);
  apply();
}

// The memory of compression has taken part in the step: it may hold what is not finite.
void Step::discard() {
  gradient_squares_.clear();
  copy_each(statistics_, kept_);
  if (reducer_) reducer_->forget();
}

std::optional<int64_t> Step::roll_back() {
  if (!snapshots_) return std::nullopt;
  if (reducer_) reducer_->forget();
  return snapshots_->restore();
}

NamedTensors Step::gradients() const {
  NamedTensors gradients;
  for (const auto& item : context_.model.named_parameters()) {
    if (item.value().grad().defined()) gradients.emplace_back(item.key(), item.value().grad());
  }
  return gradients;
}

// What the steps of a training change.
NamedTensors Step::whole_state() const {
  NamedTensors whole = tensors_of(context_.model);
  for (const auto& [name, tensor] : average_.tensors()) whole.emplace_back("average of " + name, tensor);
  for (const auto& [name, tensor] : context_.optimizer.state()) whole.emplace_back(name, tensor);
  return whole;
}

NamedTensors Step::shared_state() const {
  NamedTensors shared = whole_state();
  if (snapshots_) {
    for (auto& item : snapshots_->tensors()) shared.push_back(std::move(item));
  }
  const auto memory = reducer_ ? reducer_->shared_memory() : std::vector<at::Tensor>();
  for (size_t i = 0; i < memory.size(); ++i) shared.emplace_back(fmt::format("compression of bucket {}", i), memory[i]);
  if (!models::has_local_statistics(context_.model)) return shared;
  for (const auto& statistics : context_.model.named_buffers()) {  // also in the average and the snapshots
    std::erase_if(shared, [&](const auto& named) { return named.first.ends_with(statistics.key()); });
  }
  return shared;
}

NamedTensors Step::gather_memory() const {
  return reducer_ ? gather_compression_memory(context_.group, *reducer_) : NamedTensors();
}

void Step::save(checkpoint::TrainingState& state) {
  state.optimizer = context_.optimizer.state();
  state.model = tensors_of(context_.model);
  if (average_.enabled()) {
    for (const auto& [name, tensor] : state.model) state.optimizer.emplace_back(kRawPrefix + name, tensor.clone());
    const ScopedAverage use_average(average_);
    for (auto& [name, tensor] : state.model) tensor = tensor.clone();
  }
  if (snapshots_) snapshots_->save(state);
  if (scaler_) state.state["loss_scale"] = scaler_->state();
}

void Step::load(const checkpoint::TrainingState& state) {
  if (scaler_) scaler_->load(state.state.at("loss_scale"));
  refuse_unfitting(checkpoint::copy_tensors(state.model, tensors_of(context_.model)));
  if (average_.enabled()) {
    refuse_unfitting(checkpoint::copy_tensors(state.model, average_.tensors()));
    refuse_unfitting(checkpoint::copy_tensors(state.optimizer, tensors_of(context_.model), kRawPrefix));
  }
  NamedTensors optimizer;
  loaded_memory_.clear();
  for (const auto& item : state.optimizer) {
    if (is_compression_memory(item.first)) {
      loaded_memory_.push_back(item);
    } else if (!item.first.starts_with(kRawPrefix) && !Snapshots::owns(item.first)) {
      optimizer.push_back(item);
    }
  }
  context_.optimizer.load(optimizer);
  if (snapshots_) refuse_unfitting(snapshots_->load(state));
}

}  // namespace hpcai::trainer
