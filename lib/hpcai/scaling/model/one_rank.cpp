#include "hpcai/scaling/model/one_rank.h"

#include <algorithm>
#include <variant>

#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/trainer/step_outcome.h"

namespace hpcai::scaling {
namespace {

constexpr double kRate = 1e-9;  // so small that the weights do not change: thousands of steps on one batch must not diverge

// Keeps the first `size` samples: input [batch, ...], target [batch, ...].
void shorten(data::Batch& batch, int64_t size) {
  batch.input = batch.input.narrow(0, 0, size);
  if (batch.target.defined()) batch.target = batch.target.narrow(0, 0, size);
}

// The first `size` samples, and an equally large share of those of further sources.
data::StepBatch first_of(const data::StepBatch& batch, int64_t size) {
  data::StepBatch part = batch;
  shorten(part, size);
  for (auto& [name, further] : part.further)
    shorten(further, std::max<int64_t>(1, further.input.size(0) * size / batch.input.size(0)));
  return part;
}

}  // namespace

OneRank::OneRank(trainer::Experiment experiment, at::Device device, int64_t batch)
    : experiment_(std::move(experiment)),
      alone_(distributed::make_single_group(device)),
      group_(std::make_unique<RehearsalGroup>(device)) {
  experiment_.training.global_batch = batch;
  experiment_.training.accumulation = 1;
  experiment_.distributed.deterministic_shards = 0;
  training_ = trainer::build(experiment_, *alone_);
  // The steps whose gradients are compressed, as most are.
  if (const auto* const config = std::get_if<distributed::PowerSgdConfig>(&experiment_.distributed.compression))
    count_ = config->start_step;
  batch_ = training_.loader->next();
  const auto settings = trainer::StepSettings::from(experiment_.training, training_.settings.reducer, /*shards=*/0);
  step_.emplace(trainer::StepContext{*group_, *training_.model, *training_.task, *training_.optimizer}, settings,
                trainer::stages_of(experiment_.training).back().trainable_from);
  step_->on_forward_done([this] { forward_done_ = now(group_->device()); });
  group_->on_bucket([this](const at::Tensor& bucket) {
    departures_.push_back({now(group_->device()), static_cast<double>(bucket.nbytes())});
  });
  among_others(true);
}

void OneRank::among_others(bool yes) {
  models::SumOverRanks sum;
  if (yes) sum = [this](at::Tensor& values) { group_->all_reduce_sum(values); };
  models::synchronise_batch_norm(*training_.model, sum, 2);
}

StepParts OneRank::step(int64_t size) {
  tell_progress();
  group_->forget();
  departures_.clear();
  const at::Device device = group_->device();
  const data::StepBatch batch = first_of(batch_, size);
  const Moment start = now(device);
  step_->compute_gradients(batch, count_);
  group_->wait_for_device();
  const auto outcome = trainer::agree_on_step(*group_, step_->loss(), step_->not_finite(), /*stop=*/false, {});
  auto& scaler = step_->scaler();
  if (outcome.finite() && (!scaler || scaler->accept(count_ + 1))) step_->update(kRate, count_);
  ++count_;
  const Moment end = now(device);

  const Moment& backward_done = departures_.back().moment;
  StepParts parts{seconds_between(start, *forward_done_), seconds_between(*forward_done_, backward_done),
                  seconds_between(backward_done, end)};
  for (const Departure& departure : departures_) {
    const double when = seconds_between(*forward_done_, departure.moment) / parts.backward;
    parts.ready.push_back(std::clamp(when, parts.ready.empty() ? 0.0 : parts.ready.back(), 1.0));
  }
  return parts;
}

std::vector<Bucket> OneRank::buckets(const std::vector<double>& ready) const {
  std::vector<Bucket> all;
  for (size_t i = 0; i < departures_.size(); ++i) all.push_back({departures_[i].bytes, ready[i]});
  return all;
}

std::pair<double, double> OneRank::input(double seconds) {
  data::StepLoader& loader = *training_.loader;
  const int64_t ahead = experiment_.loader.queue_batches + 1;  // batches that the loader may have read before the clock starts
  for (int64_t i = 0; i < ahead; ++i) loader.next();
  const Moment start = now(at::kCPU);
  const double cores_start = core_s();
  int64_t samples = 0;
  double elapsed = 0;
  for (int64_t i = 0; i < 1000 && (i < 3 || elapsed < seconds); ++i) {
    samples += loader.next().input.size(0);
    tell_progress();
    elapsed = seconds_between(start, now(at::kCPU));
  }
  return {elapsed / static_cast<double>(samples), (core_s() - cores_start) / static_cast<double>(samples)};
}

}  // namespace hpcai::scaling
