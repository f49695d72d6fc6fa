#include "hpcai/scaling/measure_steps.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "hpcai/core/parallel.h"
#include "hpcai/distributed/gradient_buffers.h"
#include "hpcai/optim/clip.h"
#include "hpcai/scaling/clock.h"
#include "hpcai/scaling/fit.h"
#include "hpcai/trainer/average.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/forward.h"
#include "hpcai/trainer/trainer.h"

namespace hpcai::scaling {
namespace {

constexpr int64_t kWarmup = 2, kFewest = 5, kMost = 400;

class ReadyHook : public torch::autograd::PostAccumulateGradHook {
 public:
  explicit ReadyHook(std::function<void()> ready) : ready_(std::move(ready)) {}
  void operator()(const torch::autograd::Variable&) override { ready_(); }

 private:
  std::function<void()> ready_;
};

// Seconds of one step, and when each bucket was complete, as part of the backward pass.
struct StepParts {
  double forward = 0, backward = 0, update = 0;
  std::vector<double> ready{};

  double sum() const { return forward + backward + update; }
};

// One rank's step, as Trainer::step does it, with marks between its parts.
class OneRank {
 public:
  OneRank(trainer::Experiment experiment, at::Device device, int64_t batch)
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
  ~OneRank() {
    for (const auto& slot : buffers_.slots) torch::autograd::impl::set_post_acc_grad_hooks(slot.parameter, nullptr);
  }
  OneRank(const OneRank&) = delete;
  OneRank& operator=(const OneRank&) = delete;

  // Whether batch norms compute as they do among other ranks.
  void among_others(bool yes) {
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

  StepParts step(int64_t size) {
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

    StepParts parts{seconds_between(start, forward_done), seconds_between(forward_done, backward_done), seconds_between(backward_done, end)};
    parts.ready.assign(buffers_.buckets.size(), 0);
    for (const auto& [bucket, moment] : ready_) {
      const double when = seconds_between(forward_done, moment) / parts.backward;
      parts.ready[bucket] = std::clamp(when, parts.ready[bucket], 1.0);
    }
    for (size_t i = 1; i < parts.ready.size(); ++i) parts.ready[i] = std::max(parts.ready[i], parts.ready[i - 1]);
    return parts;
  }

  // Of the last step among others.
  double blocking_exchanges() const { return exchanges_ + 1; }  // and the verdict on the step
  double blocking_bytes() const { return exchanged_bytes_ + 3 * sizeof(double); }

  std::vector<Bucket> buckets(const std::vector<double>& ready) const {
    const bool narrow = experiment_.distributed.wire_precision == distributed::WirePrecision::bf16;
    std::vector<Bucket> all;
    for (size_t i = 0; i < buffers_.buckets.size(); ++i) {
      const at::Tensor& values = buffers_.buckets[i];
      const double bytes = static_cast<double>(values.nbytes()) / (narrow && values.scalar_type() == at::kFloat ? 2 : 1);
      all.push_back({bytes, ready[i]});
    }
    return all;
  }

  // The loader with nothing else to do: seconds and processor seconds per sample.
  std::pair<double, double> input(double seconds) {
    data::Loader& loader = *training_.loader;
    const int64_t ahead = experiment_.loader.queue_batches + 1;  // they are in memory already
    for (int64_t i = 0; i < ahead; ++i) loader.next();
    const Moment start = now(at::kCPU);
    const double cores_start = core_s();
    int64_t samples = 0;
    double elapsed = 0;
    for (int64_t i = 0; i < 1000 && (i < 3 || elapsed < seconds); ++i) {
      samples += loader.next().input.size(0);
      elapsed = seconds_between(start, now(at::kCPU));
    }
    return {elapsed / static_cast<double>(samples), (core_s() - cores_start) / static_cast<double>(samples)};
  }

 private:
  void lay_out_gradients() {
    for (const at::Tensor& parameter : training_.model->parameters()) {
      if (parameter.requires_grad()) trained_.push_back(parameter);
    }
    const auto& config = experiment_.distributed;
    buffers_ = distributed::make_gradient_buffers(trained_, config.first_bucket_mb * kMebibyte, config.bucket_mb * kMebibyte);
    for (const auto& slot : buffers_.slots) {
      distributed::adopt_gradient(slot);
      auto hook = std::make_unique<ReadyHook>([this, bucket = slot.bucket] { ready_.emplace_back(bucket, now(group_->device())); });
      torch::autograd::impl::set_post_acc_grad_hooks(slot.parameter, std::move(hook));
    }
  }

  trainer::Experiment experiment_;
  std::unique_ptr<distributed::Group> group_;
  trainer::Training training_;
  data::Batch batch_;
  std::vector<at::Tensor> trained_;
  distributed::GradientBuffers buffers_;
  std::optional<trainer::WeightAverage> average_;
  std::vector<std::pair<size_t, Moment>> ready_;
  int64_t count_ = 0;
  int64_t exchanges_ = 0;
  double exchanged_bytes_ = 0;
};

// Two batch sizes that can be timed `kFewest` times within `seconds`.
std::vector<int64_t> choose_batches(OneRank& rank, int64_t largest, double seconds) {
  const int64_t small = std::max(std::min<int64_t>(2, largest), largest / 8);  // a batch norm may need two values
  rank.step(small);
  const double per_sample = rank.step(small).sum() / static_cast<double>(small);
  auto too_long = [&] { return per_sample * static_cast<double>((largest + small) * (kFewest + kWarmup)) > seconds; };
  while (largest > 2 * small && too_long()) largest /= 2;
  if (small == largest) return {largest};
  return {small, largest};
}

template <class Part>
Cost fit_cost(const std::map<int64_t, std::vector<StepParts>>& steps, Part part) {
  std::vector<FitPoint> points;
  for (const auto& [batch, all] : steps) {
    std::vector<double> times;
    for (const StepParts& step : all) times.push_back(part(step));
    points.push_back({static_cast<double>(batch), median(times)});
  }
  if (points.size() == 1) return {0, points[0].y / points[0].x};
  const LineFit fit = fit_line(points);
  return {fit.intercept, fit.slope};
}

std::vector<double> spread_of(const std::vector<StepParts>& steps) {
  std::vector<double> times;
  for (const StepParts& step : steps) times.push_back(step.sum());
  const double mean = std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
  for (double& time : times) time /= mean;
  std::sort(times.begin(), times.end());
  return times;
}

std::vector<double> median_ready(const std::vector<StepParts>& steps) {
  std::vector<double> ready;
  for (size_t i = 0; i < steps.front().ready.size(); ++i) {
    std::vector<double> moments;
    for (const StepParts& step : steps) moments.push_back(step.ready[i]);
    ready.push_back(median(moments));
  }
  return ready;
}

// What more threads would shorten: steps with the threads of this rank and with all cores, or half of them, in turns.
void measure_team(OneRank& rank, int64_t batch, double seconds, Workload& work) {
  const int mine = at::get_num_threads(), cores = available_cores();
  const int other = mine < cores ? cores : mine / 2;
  work.team = mine;
  if (other < 1) return;
  std::map<int, std::vector<double>> times;
  const Moment start = now(at::kCPU);
  auto time_left = [&] { return seconds_between(start, now(at::kCPU)) < seconds; };
  for (int round = 0; round == 0 || (round < 50 && time_left()); ++round) {
    for (const int threads : {mine, other}) {
      at::set_num_threads(threads);
      rank.step(batch);  // the threads start
      for (int i = 0; i == 0 || (i < 3 && time_left()); ++i) times[threads].push_back(rank.step(batch).sum());
    }
  }
  at::set_num_threads(mine);
  const double here = median(times[mine]), there = median(times[other]);
  // t = serial + shared / threads
  const double shared = (there - here) / (1.0 / other - 1.0 / mine);
  work.parallel = std::clamp(shared / mine / here, 0.0, 1.0);
}

}  // namespace

MeasuredSteps measure_steps(const trainer::Experiment& experiment, at::Device device, double seconds, std::vector<int64_t> batches) {
  const int64_t share = experiment.training.global_batch / experiment.training.accumulation;
  const int64_t largest = batches.empty() ? std::max<int64_t>(1, share) : *std::max_element(batches.begin(), batches.end());
  OneRank rank(experiment, device, largest);
  if (batches.empty()) batches = choose_batches(rank, largest, 0.65 * seconds);

  std::map<int64_t, std::vector<StepParts>> steps;
  std::vector<double> alone;  // seconds of the largest batch
  const int64_t most_samples = *std::max_element(batches.begin(), batches.end());
  rank.step(batches.front());
  const double exchanges = rank.blocking_exchanges(), exchanged_bytes = rank.blocking_bytes();
  const bool differs = exchanges > 1;
  const Moment start = now(at::kCPU);
  double busy_s = 0, busy_core_s = 0;
  for (int64_t round = 0; round < kMost + kWarmup; ++round) {
    if (round >= kFewest + kWarmup && seconds_between(start, now(at::kCPU)) > 0.65 * seconds) break;
    for (int64_t batch : batches) {
      const double cores_before = core_s();
      StepParts parts = rank.step(batch);
      if (round < kWarmup) continue;
      busy_core_s += core_s() - cores_before;
      busy_s += parts.sum();
      steps[batch].push_back(std::move(parts));
    }
    if (differs) {
      rank.among_others(false);
      const double time = rank.step(most_samples).sum();
      rank.among_others(true);
      if (round >= kWarmup) alone.push_back(time);
    }
  }

  const std::vector<StepParts>& most = steps.rbegin()->second;
  MeasuredSteps result;
  Workload& work = result.workload;
  work.forward = fit_cost(steps, [](const StepParts& step) { return step.forward; });
  work.backward = fit_cost(steps, [](const StepParts& step) { return step.backward; });
  std::vector<double> updates, sums;
  for (const StepParts& step : most) {
    updates.push_back(step.update);
    sums.push_back(step.sum());
  }
  work.update = {median(updates), 0};
  if (differs) work.alone_factor = median(alone) / median(sums);
  work.blocking_exchanges = exchanges;
  work.blocking_bytes = exchanged_bytes;
  work.buckets = rank.buckets(median_ready(most));
  work.overlap = experiment.distributed.overlap;
  work.threads = device.is_cpu() ? busy_core_s / busy_s : 0;
  work.spread = spread_of(most);
  if (device.is_cpu() && experiment.training.threads == 0) measure_team(rank, most_samples, 0.15 * seconds, work);
  std::tie(work.input_s_per_sample, work.input_core_s_per_sample) = rank.input(0.2 * seconds);
  for (const auto& [batch, all] : steps) result.batches.push_back(static_cast<double>(batch));
  result.steps = static_cast<int64_t>(most.size());
  return result;
}

}  // namespace hpcai::scaling
