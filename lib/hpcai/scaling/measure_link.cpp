#include "hpcai/scaling/measure_link.h"

#include <algorithm>
#include <cmath>

#include "hpcai/scaling/clock.h"
#include "hpcai/scaling/fit.h"

namespace hpcai::scaling {
namespace {

constexpr int64_t kRounds = 5;

struct Timings {
  std::vector<double> wall_s, core_s;
};

void exchange(distributed::Group& group, const at::Tensor& values, int64_t repeats, Timings& timings) {
  const double cores = core_s();
  for (int64_t i = 0; i < repeats; ++i) {
    const Moment start = now(group.device());
    group.all_reduce_sum(values);
    if (!group.can_average()) values.div_(group.size());
    timings.wall_s.push_back(seconds_between(start, now(group.device())));
  }
  timings.core_s.push_back((core_s() - cores) / static_cast<double>(repeats));
}

double mean_over_ranks(distributed::Group& group, double value) {
  const at::Tensor sum = at::tensor({value}, at::kDouble).to(group.device());
  group.all_reduce_sum(sum);
  return sum.item<double>() / group.size();
}

}  // namespace

std::vector<LinkSample> measure_link(distributed::Group& group, const std::vector<double>& sizes, double seconds) {
  const double slice = seconds / static_cast<double>(sizes.size() * kRounds);
  std::vector<at::Tensor> tensors;
  std::vector<int64_t> repeats;
  for (double bytes : sizes) {
    const auto numel = std::max<int64_t>(1, static_cast<int64_t>(bytes / 4));
    tensors.push_back(at::zeros({numel}, at::TensorOptions(at::kFloat).device(group.device())));
    Timings first;
    exchange(group, tensors.back(), 1, first);
    first = {};
    exchange(group, tensors.back(), 2, first);
    repeats.push_back(std::clamp<int64_t>(static_cast<int64_t>(slice / mean_over_ranks(group, first.wall_s.back())), 1, 200));
  }
  std::vector<Timings> timings(sizes.size());
  for (int64_t round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < sizes.size(); ++i) exchange(group, tensors[i], repeats[i], timings[i]);
  }
  std::vector<LinkSample> samples;
  for (size_t i = 0; i < sizes.size(); ++i) {
    samples.push_back({.bytes = static_cast<double>(tensors[i].nbytes()),
                       .repeats = kRounds * repeats[i],
                       .median_s = mean_over_ranks(group, median(timings[i].wall_s)),
                       .core_s = mean_over_ranks(group, median(timings[i].core_s))});
  }
  return samples;
}

Link fit_link(std::vector<LinkSample>& samples, const Machine& machine, const Layout& layout) {
  const double n = layout.ranks(), hops = hops_of(machine.algorithm, layout);
  std::vector<FitPoint> wall, cores;
  for (const LinkSample& sample : samples) {
    const double wire = 2 * (n - 1) / n * sample.bytes;
    wall.push_back({wire, sample.median_s});
    cores.push_back({wire, std::max(sample.core_s, 1e-9)});
  }
  const LineFit time = fit_from_smallest(wall), core = fit_from_smallest(cores);
  for (size_t i = 0; i < samples.size(); ++i) samples[i].fitted_s = time.at(wall[i].x);
  return {.latency_s = time.intercept / hops,
          .s_per_byte = time.slope,
          .core_s_per_message = core.intercept / hops,
          .core_s_per_byte = core.slope};
}

}  // namespace hpcai::scaling
