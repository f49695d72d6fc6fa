#include "hpcai/scaling/model/measure_link.h"

#include <algorithm>
#include <cmath>

#include "hpcai/scaling/model/clock.h"
#include "hpcai/scaling/model/fit.h"

namespace hpcai::scaling {
namespace {

constexpr int64_t kRounds = 5;

struct Timings {
  std::vector<double> wall_s, core_s;
};

double mean_over_ranks(distributed::Group& group, double value) {
  const at::Tensor sum = at::tensor({value}, at::kDouble).to(group.device());
  group.all_reduce_sum(sum);
  return sum.item<double>() / group.size();
}

// An exchange that is repeated, and the times of its repetitions. One repetition sequence lasts about `slice_s` seconds.
class Trial {
 public:
  Trial(distributed::Group& group, const Exchange& exchange, double slice_s) : group_(group), exchange_(exchange) {
    const auto numel = std::max<int64_t>(1, static_cast<int64_t>(exchange.bytes / 4));
    const auto type = exchange.whole_numbers ? at::kInt : at::kFloat;
    values_ = exchange.blocking ? at::zeros({numel}, at::TensorOptions(type).device(group.device()))
                                : group.shared_zeros(numel, type);  // as the reducer's buckets
    repeat(3);
    repeats_ = std::clamp<int64_t>(static_cast<int64_t>(slice_s / mean_over_ranks(group, timings_.wall_s.back())), 1, 200);
    timings_ = {};
  }

  void round() { repeat(repeats_); }

  LinkSample sample() {
    return {.blocking = exchange_.blocking,
            .bytes = static_cast<double>(values_.nbytes()),
            .repeats = kRounds * repeats_,
            .median_s = mean_over_ranks(group_, median(timings_.wall_s)),
            .core_s = mean_over_ranks(group_, median(timings_.core_s))};
  }

 private:
  void once() {
    if (exchange_.blocking) return group_.all_reduce_sum(values_);
    if (exchange_.whole_numbers) return group_.all_reduce_async(values_)->wait();
    group_.all_reduce_async(values_, group_.can_average() ? distributed::ReduceOp::average : distributed::ReduceOp::sum)->wait();
    if (!group_.can_average()) values_.div_(group_.size());
  }

  void repeat(int64_t times) {
    const double cores = core_s();
    for (int64_t i = 0; i < times; ++i) {
      const Moment start = now(group_.device());
      once();
      timings_.wall_s.push_back(seconds_between(start, now(group_.device())));
    }
    timings_.core_s.push_back((core_s() - cores) / static_cast<double>(times));
  }

  distributed::Group& group_;
  Exchange exchange_;
  at::Tensor values_;
  int64_t repeats_ = 1;
  Timings timings_;
};

// Seconds and processor seconds of an exchange as functions of the bytes that each rank sends.
struct Fits {
  LineFit time, core;
};

// Fits the samples of one kind and sets their fitted_s. For each byte of the tensor `wire` bytes pass the link, `own` of them
// through one rank. `host`: the memory in which the ranks of each host add their tensors before.
Fits fit_kind(std::vector<LinkSample>& samples, bool blocking, double wire, double own, const Link& host = {}) {
  constexpr double kLeast_s = 1e-9;
  std::vector<FitPoint> wall, cores;
  const auto in_host_s = [&](const LinkSample& sample) { return host.latency_s + host.s_per_byte * sample.bytes; };
  for (const LinkSample& sample : samples) {
    if (sample.blocking != blocking) continue;
    const double core_s = sample.core_s - host.core_s_per_message - host.core_s_per_byte * sample.bytes;
    wall.push_back({wire * sample.bytes, std::max(sample.median_s - in_host_s(sample), kLeast_s)});
    cores.push_back({own * sample.bytes, std::max(core_s, kLeast_s)});
  }
  const Fits fits{fit_from_smallest(wall), fit_from_smallest(cores)};
  for (LinkSample& sample : samples) {
    if (sample.blocking == blocking) sample.fitted_s = in_host_s(sample) + fits.time.at(wire * sample.bytes);
  }
  return fits;
}

}  // namespace

std::vector<LinkSample> measure_link(distributed::Group& group, const std::vector<Exchange>& exchanges, double seconds) {
  const double slice = seconds / static_cast<double>(exchanges.size() * kRounds);
  std::vector<Trial> trials;
  for (const Exchange& exchange : exchanges) trials.emplace_back(group, exchange, slice);
  for (int64_t round = 0; round < kRounds; ++round) {
    for (Trial& trial : trials) trial.round();
  }
  std::vector<LinkSample> samples;
  for (Trial& trial : trials) samples.push_back(trial.sample());
  return samples;
}

Link fit_link(std::vector<LinkSample>& samples, const Machine& machine, const Layout& layout) {
  const double hops = hops_of(machine.algorithm, layout), blocking_hops = blocking_hops_of(machine.algorithm, layout);
  const bool ring = machine.algorithm == Algorithm::ring;
  const double wire = wire_of(machine.algorithm, layout), gathered = blocking_wire_of(machine.algorithm, layout);
  const bool sliced = ring && layout.nodes > 1;
  const Fits buckets = fit_kind(samples, false, wire, sliced ? wire / layout.ranks_per_node : wire,
                                sliced && layout.ranks_per_node > 1 ? machine.in_node : Link());
  const Fits blocking = fit_kind(samples, true, gathered, gathered);
  return {.latency_s = buckets.time.intercept / hops,
          .s_per_byte = buckets.time.slope,
          .core_s_per_message = buckets.core.intercept / hops,
          .core_s_per_byte = buckets.core.slope,
          .blocking_latency_s = blocking.time.intercept / blocking_hops,
          .core_s_per_blocking = blocking.core.intercept / blocking_hops,
          .blocking_s_per_byte = blocking.time.slope};
}

}  // namespace hpcai::scaling
