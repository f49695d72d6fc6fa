#include "hpcai/trainer/step_times.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

namespace hpcai::trainer {
namespace {

double mean_of(const std::vector<Busy>& ranks, double Busy::*part) {
  const double sum = std::accumulate(ranks.begin(), ranks.end(), 0.0, [&](double s, const Busy& b) { return s + b.*part; });
  return sum / static_cast<double>(std::max<size_t>(ranks.size(), 1));
}

bool less_busy(const Busy& a, const Busy& b) { return a.total_s() < b.total_s(); }

}  // namespace

void to_json(nlohmann::json& json, const Busy& busy) { json = {{"input_s", busy.input_s}, {"compute_s", busy.compute_s}}; }

void to_json(nlohmann::json& json, const StepSplit& split) {
  json = {{"mean_s", split.step_s},
          {"compute_s", split.compute_s},
          {"exposed_communication_s", split.exposed_communication_s},
          {"input_s", split.input_s},
          {"imbalance_s", split.imbalance_s}};
}

StepTimes::StepTimes(const data::StepLoader& loader, const distributed::Group& group, int64_t skip)
    : loader_(loader), group_(group), skip_(skip), ranks_(static_cast<size_t>(group.size())) {
  restart();
}

void StepTimes::restart() {
  begin_ = Clock::now();
  input_before_s_ = loader_.wait_s();
  wait_before_s_ = group_.wait_s();
}

void StepTimes::reset(int64_t skip) {
  skip_ = skip;
  steps_ = 0;
  step_s_ = slowest_s_ = 0;
  ranks_.assign(ranks_.size(), {});
}

Busy StepTimes::busy() const {
  const double elapsed_s = std::chrono::duration<double>(Clock::now() - begin_).count();
  const double input_s = loader_.wait_s() - input_before_s_;
  return {input_s, std::max(0.0, elapsed_s - input_s - (group_.wait_s() - wait_before_s_))};
}

void StepTimes::end_step(const std::vector<Busy>& ranks) {
  const double elapsed_s = std::chrono::duration<double>(Clock::now() - begin_).count();
  restart();
  if (skip_ > 0) {
    --skip_;
    return;
  }
  ++steps_;
  step_s_ += elapsed_s;
  slowest_s_ += std::min(elapsed_s, std::max_element(ranks.begin(), ranks.end(), less_busy)->total_s());
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    ranks_[rank].input_s += ranks[rank].input_s;
    ranks_[rank].compute_s += ranks[rank].compute_s;
  }
}

std::vector<Busy> StepTimes::ranks() const {
  const double steps = static_cast<double>(std::max<int64_t>(steps_, 1));
  std::vector<Busy> means = ranks_;
  for (Busy& busy : means) busy = {busy.input_s / steps, busy.compute_s / steps};
  return means;
}

StepSplit StepTimes::mean() const {
  const double steps = static_cast<double>(std::max<int64_t>(steps_, 1));
  const auto means = ranks();
  StepSplit split;
  split.step_s = step_s_ / steps;
  split.compute_s = mean_of(means, &Busy::compute_s);
  split.input_s = mean_of(means, &Busy::input_s);
  split.exposed_communication_s = split.step_s - slowest_s_ / steps;
  split.imbalance_s = std::max(0.0, slowest_s_ / steps - split.compute_s - split.input_s);
  return split;
}

std::string describe_slowest(const std::vector<Busy>& ranks, const std::vector<std::string>& hosts) {
  const auto slowest = std::max_element(ranks.begin(), ranks.end(), less_busy);
  const size_t rank = static_cast<size_t>(slowest - ranks.begin());
  const double mean_input_s = mean_of(ranks, &Busy::input_s), mean_compute_s = mean_of(ranks, &Busy::compute_s);
  const double excess = slowest->total_s() / std::max(mean_input_s + mean_compute_s, 1e-12) - 1;
  const bool by_input = slowest->input_s - mean_input_s > slowest->compute_s - mean_compute_s;
  if (excess < 0.02)
    return fmt::format("no rank stands out: the slowest, rank {} ({}), is {:.1f} % above the mean", rank, hosts[rank],
                       100 * excess);
  return fmt::format("rank {} ({}) was the slowest: {:.0f} % above the mean, {}", rank, hosts[rank], 100 * excess,
                     by_input ? "waiting for its input" : "computing");
}

}  // namespace hpcai::trainer
