#include "hpcai/scaling/model/measure_steps.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "hpcai/core/threads/cores.h"
#include "hpcai/scaling/model/fit.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/threads.h"

namespace hpcai::scaling {
namespace {

constexpr int64_t kWarmup = 2, kFewest = 5, kMost = 400;
constexpr double kInCompany = 0.65, kTeams = 0.15, kInput = 0.2;  // fractions of the whole time

int64_t largest_of(const trainer::Experiment& experiment, const std::vector<int64_t>& batches) {
  if (!batches.empty()) return *std::max_element(batches.begin(), batches.end());
  return std::max<int64_t>(1, experiment.training.global_batch / experiment.training.accumulation);
}

// Two batch sizes, rising, that can be timed `kFewest` times within `seconds`; one if `largest` is 1 or 2.
std::vector<int64_t> choose_batches(OneRank& rank, int64_t largest, double seconds) {
  const int64_t small = std::max(std::min<int64_t>(2, largest), largest / 8);  // a batch norm may need two values
  rank.step(small);
  const double per_sample = rank.step(small).sum() / static_cast<double>(small);
  auto too_long = [&] { return per_sample * static_cast<double>((largest + small) * (kFewest + kWarmup)) > seconds; };
  while (largest > 2 * small && too_long()) largest /= 2;
  if (small == largest) return {largest};
  return {small, largest};
}

// Fits the median of `part` of the steps as a function of the batch size.
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

}  // namespace

StepMeasurement::StepMeasurement(const trainer::Experiment& experiment, at::Device device, double seconds,
                                 std::vector<int64_t> batches, bool teams)
    : seconds_(seconds),
      batches_(std::move(batches)),
      teams_(teams),
      rank_(experiment, device, largest_of(experiment, batches_)) {
  if (batches_.empty()) batches_ = choose_batches(rank_, largest_of(experiment, {}), kInCompany * seconds);
  std::sort(batches_.begin(), batches_.end());
  result_.workload.overlap = experiment.distributed.overlap;
  result_.workload.threads = device.is_cpu() ? 1 : 0;
}

void StepMeasurement::in_company() {
  std::map<int64_t, std::vector<StepParts>> steps;
  std::vector<double> plain;  // step times of the largest batch with batch norms that are not synchronised
  rank_.step(batches_.front());
  Workload& work = result_.workload;
  work.blocking_exchanges = rank_.blocking_exchanges();
  work.blocking_bytes = rank_.blocking_bytes();
  const bool differs = work.blocking_exchanges > 1;
  const Moment start = now(at::kCPU);
  double busy_s = 0, busy_core_s = 0;
  for (int64_t round = 0; round < kMost + kWarmup; ++round) {
    if (round >= kFewest + kWarmup && seconds_between(start, now(at::kCPU)) > kInCompany * seconds_) break;
    for (int64_t batch : batches_) {
      const double cores_before = core_s();
      StepParts parts = rank_.step(batch);
      if (round < kWarmup) continue;
      busy_core_s += core_s() - cores_before;
      busy_s += parts.sum();
      steps[batch].push_back(std::move(parts));
    }
    if (differs) {
      rank_.among_others(false);
      const double time = rank_.step(batches_.back()).sum();
      rank_.among_others(true);
      if (round >= kWarmup) plain.push_back(time);
    }
  }

  const std::vector<StepParts>& most = steps.rbegin()->second;
  work.forward = fit_cost(steps, [](const StepParts& step) { return step.forward; });
  work.backward = fit_cost(steps, [](const StepParts& step) { return step.backward; });
  std::vector<double> updates, sums;
  for (const StepParts& step : most) {
    updates.push_back(step.update);
    sums.push_back(step.sum());
  }
  work.update = {median(updates), 0};
  step_in_company_s_ = median(sums);
  if (differs) work.alone_factor = median(plain) / step_in_company_s_;
  work.buckets = rank_.buckets(median_ready(most));
  if (work.threads > 0) work.threads = busy_core_s / busy_s;
  work.spread = spread_of(most);
  for (const auto& [batch, all] : steps) result_.batches.push_back(static_cast<double>(batch));
  result_.steps = static_cast<int64_t>(most.size());
}

// Measures Workload::team and Workload::parallel: times steps of the largest batch with another number of threads.
void StepMeasurement::time_teams(double seconds) {
  const int mine = at::get_num_threads(), cores = available_cores();
  const int other = mine < cores ? cores : mine / 2;
  result_.workload.team = mine;
  if (other < 1) return;
  trainer::set_threads(other);
  rank_.step(batches_.back());  // not timed: LibTorch starts the threads
  std::vector<double> times;
  const Moment start = now(at::kCPU);
  do {
    times.push_back(rank_.step(batches_.back()).sum());
  } while (times.size() < kMost && seconds_between(start, now(at::kCPU)) < seconds);
  trainer::set_threads(mine);
  // Amdahl's law: step time = serial + shared / threads
  const double shared = (median(times) - step_in_company_s_) / (1.0 / other - 1.0 / mine);
  result_.workload.parallel = std::clamp(shared / mine / step_in_company_s_, 0.0, 1.0);
}

void StepMeasurement::alone() {
  if (teams_) time_teams(kTeams * seconds_);
  Workload& work = result_.workload;
  std::tie(work.input_s_per_sample, work.input_core_s_per_sample) = rank_.input(kInput * seconds_);
}

}  // namespace hpcai::scaling
