// Not a test: `ranks --nproc 2 speed` measures steps on this machine, and `ranks --nproc 2 speed FILE` all-reduces against
// Gloo's, which meets in a file that does not exist yet. `ranks short-speed` measures short sums.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/csrc/distributed/c10d/FileStore.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include "hpcai/distributed/exchange/gloo_backend.h"
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

// Gloo's all-reduce over a group of its own, which meets in a file.
BackendPointer connect_gloo(const World& world, const std::string& file) {
  const auto limit = std::chrono::milliseconds(60'000);
  return make_gloo_backend({.store = c10::make_intrusive<c10d::FileStore>(file, world.size),
                            .rank = world.rank,
                            .size = world.size,
                            .interface = "",
                            .address = "127.0.0.1",
                            .connect_timeout = limit,
                            .timeout = limit});
}

// Seconds of calls.
struct Times {
  double median = 0, lowest = 0;

  explicit Times(std::vector<double> all) {
    std::ranges::sort(all);
    median = all[all.size() / 2];
    lowest = all.front();
  }
};

// The times of two calls, which alternate in blocks, so that both meet the same load of the machine. The first call of a block is
// not timed, because it waits for the rank that is the last to end the block before.
std::pair<Times, Times> compare(int blocks, int repeats, const std::function<void()>& first,
                                const std::function<void()>& second) {
  std::vector<double> times[2];
  for (int i = 0; i < 2 * blocks; ++i) {
    const auto& call = i % 2 == 0 ? first : second;
    call();
    for (int j = 0; j < repeats; ++j) times[i % 2].push_back(median(1, call));
  }
  return {Times(times[0]), Times(times[1])};
}

// Ours in shared memory, as gradients are, against Gloo's; `file`: for Gloo's meeting. The sizes are those of the values.
void all_reduce(Group& group, const World& world, const std::string& file) {
  const BackendPointer gloo = connect_gloo(world, file);
  if (group.rank() == 0) {
    fmt::print("{:>8} {:>9} {:>12} {:>12} {:>8} {:>12} {:>12} {:>8}\n", "values", "bytes", "median us", "Gloo's", "ratio",
               "lowest us", "Gloo's", "ratio");
  }
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const int64_t bytes : {4L << 10, 64L << 10, 1L << 20, 25L << 20, 84L << 20}) {
      const int64_t values = bytes / static_cast<int64_t>(at::elementSize(type));
      const at::Tensor shared = group.shared_zeros(values, type), own = at::zeros({values}, type),
                       other = at::zeros({values}, type);
      const auto by_gloo = [&] {
        std::vector<at::Tensor> tensors{other};
        gloo->allreduce(tensors)->wait();
      };
      const auto in_shared = [&] { group.all_reduce_async(shared)->wait(); };
      const int repeats = bytes > (1 << 20) ? 3 : 50;
      const auto [ours, theirs] = compare(5, repeats, in_shared, by_gloo);
      if (group.rank() == 0) {
        fmt::print("{:>8} {:>9} {:12.1f} {:12.1f} {:8.1f} {:12.1f} {:12.1f} {:8.1f}\n", at::toString(type), bytes,
                   1e6 * ours.median, 1e6 * theirs.median, theirs.median / ours.median, 1e6 * ours.lowest, 1e6 * theirs.lowest,
                   theirs.lowest / ours.lowest);
      }
    }
  }
}

// Short sums for which all ranks wait, as those of synchronised batch norms.
void short_sums(const Setting& setting) {
  const auto group = setting.meet();
  for (const int64_t values : {20, 100, 1000, 4000}) {
    const at::Tensor sums = at::zeros({values}, at::kDouble);
    group->all_reduce_sum(sums);
    const double s = median(200, [&] { group->all_reduce_sum(sums); });
    if (group->rank() == 0) fmt::print("{:>8} bytes: {:8.1f} us\n", sums.nbytes(), 1e6 * s);
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
  if (!setting.argument.empty()) return all_reduce(*group, setting.world, setting.argument);
  step(*make_single_group(), {}, "84 MB of gradients, alone");
  step(*group, {.overlap = false}, "84 MB, no overlap");
  step(*group, {}, "84 MB, overlap");
  step(*group, {.bucket_mb = 8}, "84 MB, overlap, 8 MiB");
  step(*group, {.wire_precision = WirePrecision::bf16}, "84 MB, overlap, bf16");
}

}  // namespace

void add_speed(Scenarios& scenarios) {
  scenarios["speed"] = speed;
  scenarios["short-speed"] = short_sums;
}

}  // namespace ranks
