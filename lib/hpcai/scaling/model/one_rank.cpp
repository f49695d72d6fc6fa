#include "hpcai/scaling/model/one_rank.h"

#include <algorithm>

#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/optim/clip.h"
#include "hpcai/trainer/forward.h"
#include "hpcai/trainer/trainer.h"

namespace hpcai::scaling {

OneRank::OneRank(trainer::Experiment experiment, at::Device device, int64_t batch)
    : experiment_(std::move(experiment)), group_(distributed::make_single_group(device)) {
  experiment_.training.global_batch = batch;
  experiment_.training.accumulation = 1;
  training_ = trainer::build(experiment_, *group_);
  const auto& stages = experiment_.training.stages;
  if (!stages.empty()) training_.model->set_trainable_from(stages.back().trainable_from);
  batch_ = training_.loader->next();
  average_.emplace(trainer::tensors_of(*training_.model), experiment_.training.average_decay);
  lay_out_gradients();
  among_others(true);
}

OneRank::~OneRank() {
  for (const auto& slot : buffers_.slots) distributed::on_gradient(slot, nullptr);
}

void OneRank::among_others(bool yes) {
  models::SumOverRanks sum;
  if (yes) {
    sum = [this](at::Tensor& values) {
      ++exchanges_;
      exchanged_bytes_ += static_cast<double>(values.nbytes());
      values.mul_(2);  // as from two equal ranks
    };
  }
  models::synchronise_batch_norm(*training_.model, sum, 2);
}

StepParts OneRank::step(int64_t size) {
  tell_progress();
  exchanges_ = 0;
  exchanged_bytes_ = 0;
  const at::Device device = group_->device();
  ready_.clear();
  const Moment start = now(device);
  const at::Tensor input = batch_.input.narrow(0, 0, size).to(device, /*non_blocking=*/true);
  const at::Tensor target = batch_.target.narrow(0, 0, size).to(device, /*non_blocking=*/true);
  training_.model->set_randomness({static_cast<uint64_t>(experiment_.training.seed), count_++, 0});
  for (const at::Tensor& flat : buffers_.flat) flat.zero_();
  const at::Tensor loss = (*training_.loss)(trainer::forward(*training_.model, input, experiment_.training.precision), target);
  const Moment forward_done = now(device);
  loss.backward();
  const Moment backward_done = now(device);
  loss.item<double>();
  if (experiment_.training.clip_norm > 0) optim::clip_gradients(trained_, experiment_.training.clip_norm);
  training_.optimizer->step(1e-9);  // weights stay where they are: thousands of steps on one batch must not diverge
  average_->update(count_);
  const Moment end = now(device);

  StepParts parts{seconds_between(start, forward_done), seconds_between(forward_done, backward_done),
                  seconds_between(backward_done, end)};
  parts.ready.assign(buffers_.buckets.size(), 0);
  for (const auto& [bucket, moment] : ready_) {
    const double when = seconds_between(forward_done, moment) / parts.backward;
    parts.ready[bucket] = std::clamp(when, parts.ready[bucket], 1.0);
  }
  for (size_t i = 1; i < parts.ready.size(); ++i) parts.ready[i] = std::max(parts.ready[i], parts.ready[i - 1]);
  return parts;
}

std::vector<Bucket> OneRank::buckets(const std::vector<double>& ready) const {
  std::vector<Bucket> all;
  for (size_t i = 0; i < buffers_.buckets.size(); ++i) {
    const at::Tensor& values = buffers_.buckets[i];
    const at::ScalarType type = distributed::wire_type(values.scalar_type(), experiment_.distributed.wire_precision);
    all.push_back({static_cast<double>(values.numel()) * static_cast<double>(c10::elementSize(type)), ready[i]});
  }
  return all;
}

std::pair<double, double> OneRank::input(double seconds) {
  data::Loader& loader = *training_.loader;
  const int64_t ahead = experiment_.loader.queue_batches + 1;  // they are in memory already
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

void OneRank::lay_out_gradients() {
  for (const at::Tensor& parameter : training_.model->parameters()) {
    if (parameter.requires_grad()) trained_.push_back(parameter);
  }
  const auto& config = experiment_.distributed;
  buffers_ = distributed::make_gradient_buffers(trained_, config.first_bucket_mb * kMebibyte, config.bucket_mb * kMebibyte);
  for (const auto& slot : buffers_.slots) {
    distributed::adopt_gradient(slot);
    distributed::on_gradient(slot, [this, bucket = slot.bucket] { ready_.emplace_back(bucket, now(group_->device())); });
  }
}

}  // namespace hpcai::scaling
