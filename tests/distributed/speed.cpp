// Not a test: `ranks --nproc 2 speed` measures this machine.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "hpcai/distributed/exchange/reducer.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/distributed/world/cores.h"
#include "scenarios.h"

using namespace hpcai::distributed;

namespace ranks {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Median seconds of `repeats` calls.
double median(int repeats, const std::function<void()>& call) {
  std::vector<double> times;
  for (int i = 0; i < repeats; ++i) {
    const auto start = Clock::now();
    call();
    times.push_back(seconds_since(start));
  }
  std::nth_element(times.begin(), times.begin() + repeats / 2, times.end());
  return times[repeats / 2];
}

void all_reduce(Group& group) {
  for (const int64_t bytes : {4L, 64L << 10, 1L << 20, 25L << 20, 84L << 20}) {
    const at::Tensor x = at::zeros({bytes / 4});
    group.all_reduce_sum(x);
    const double s = median(bytes > (1 << 20) ? 9 : 101, [&] { group.all_reduce_sum(x); });
    const double moved = 2.0 * (group.size() - 1) / group.size() * static_cast<double>(bytes);  // by each rank
    if (group.rank() == 0)
      fmt::print("all-reduce {:>9} bytes: {:8.3f} ms, {:6.2f} GB/s per rank\n", bytes, s * 1e3, moved / s * 1e-9);
  }
}

void step(Group& group, const ReducerOptions& options, const char* name) {
  at::manual_seed(1);
  std::vector<at::Tensor> layers;
  for (int i = 0; i < 20; ++i) layers.push_back((at::randn({1024, 1024}) / 32).requires_grad_());
  Reducer reducer(group, layers, options);
  const at::Tensor input = at::randn({32, 1024});
  const int steps = 9;
  int done = 0;
  double waited = 0;
  const double s = median(steps, [&] {
    const double before = group.wait_s();
    reducer.zero_grad();
    at::Tensor x = input;
    for (const at::Tensor& weights : layers) x = at::relu(at::linear(x, weights));
    reducer.prepare();
    x.square().mean().backward();
    reducer.finish();
    if (done++ > 0) waited += group.wait_s() - before;
  });
  if (group.rank() == 0) {
    fmt::print("{:<28} {:7.1f} ms a step, {:6.1f} ms of it waiting, {} buckets\n", name, s * 1e3, waited / (steps - 1) * 1e3,
               reducer.bucket_count());
  }
}

void speed(const Setting& setting) {
  const auto group = setting.meet();
  at::set_num_threads(share_of_cores(group->placement()));
  if (group->size() > 1) all_reduce(*group);
  step(*make_single_group(), {}, "84 MB of gradients, alone");
  step(*group, {.overlap = false}, "84 MB, no overlap");
  step(*group, {}, "84 MB, overlap");
  step(*group, {.bucket_mb = 8}, "84 MB, overlap, 8 MiB");
  step(*group, {.wire_precision = WirePrecision::bf16}, "84 MB, overlap, bf16");
}

}  // namespace

void add_speed(Scenarios& scenarios) { scenarios["speed"] = speed; }

}  // namespace ranks
