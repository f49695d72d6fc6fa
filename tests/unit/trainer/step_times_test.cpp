#include "hpcai/trainer/step_times.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

using namespace hpcai;
using trainer::Busy;

namespace {

class Nothing : public data::Dataset {
 public:
  Nothing() : Dataset({{1}, {}, {"q"}}) {}
  int64_t size() const override { return 4; }
  std::string id(int64_t index) const override { return std::to_string(index); }
  std::string where(int64_t index) const override { return id(index); }
  void read(int64_t, const data::Draw*, float* out) const override { *out = 0; }
  at::Tensor targets(std::span<const int64_t> index) const override { return at::zeros({static_cast<int64_t>(index.size()), 1}); }
};

// Two ranks of which this process is the first; only their number and its waits are asked for.
class Two : public distributed::Group {
 public:
  Two() : Group(0, 2, at::kCPU) {}
  double wait_s() const override { return waited_s; }
  std::unique_ptr<distributed::Work> all_reduce_async(const at::Tensor&, distributed::ReduceOp) override { return nullptr; }
  double waited_s = 0;

 protected:
  void broadcast_bytes(const at::Tensor&, int) override {}
  std::vector<at::Tensor> all_gather_bytes(const at::Tensor&) override { return {}; }
};

struct Bench {
  Nothing dataset;
  data::StepLoader loader{std::make_unique<data::Loader>(dataset, data::Sampler(4, 2, 0, 2, data::SamplerMode::training, 1))};
  Two group;
};

void pass(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

}  // namespace

TEST_CASE("the parts of a step add up to it") {
  Bench bench;
  trainer::StepTimes times(bench.loader, bench.group, 0);
  for (int step = 0; step < 3; ++step) {
    times.restart();
    pass(50);
    times.end_step({{0.001, 0.010}, {0.005, 0.020}});
  }
  const auto mean = times.mean();
  CHECK(times.steps() == 3);
  CHECK(mean.input_s == Approx(0.003));
  CHECK(mean.compute_s == Approx(0.015));
  CHECK(mean.imbalance_s == Approx(0.025 - 0.018));  // the slower rank needs 25 ms, the mean 18
  CHECK(mean.exposed_communication_s == Approx(mean.step_s - 0.025));
  CHECK(mean.step_s >= 0.05);
  CHECK(mean.compute_s + mean.input_s + mean.imbalance_s + mean.exposed_communication_s == Approx(mean.step_s));
  CHECK(times.ranks()[1].compute_s == Approx(0.020));
}

TEST_CASE("a rank that is slow in turns makes imbalance even if all are equally busy in the mean") {
  Bench bench;
  trainer::StepTimes times(bench.loader, bench.group, 0);
  times.end_step({{0, 1e-9}, {0, 3e-9}});
  times.end_step({{0, 3e-9}, {0, 1e-9}});
  CHECK(times.mean().compute_s == Approx(2e-9));
  CHECK(times.mean().imbalance_s == Approx(1e-9));
}

TEST_CASE("waits for other ranks are not this rank's work, and pauses are nobody's") {
  Bench bench;
  trainer::StepTimes times(bench.loader, bench.group, 0);
  pass(40);  // an evaluation
  times.restart();
  bench.group.waited_s += 0.02;
  pass(30);
  const Busy busy = times.busy();
  CHECK(busy.input_s == 0);
  CHECK(busy.compute_s >= 0.0099);
  bench.group.waited_s += 10;  // more than has passed: clocks of a GPU and its host may differ
  CHECK(times.busy().compute_s == 0);
}

TEST_CASE("the first steps, and all before a reset, do not count") {
  Bench bench;
  trainer::StepTimes times(bench.loader, bench.group, 2);
  CHECK(times.mean().step_s == 0);
  for (int step = 0; step < 5; ++step) times.end_step({{0, 0}, {0, 0}});
  CHECK(times.steps() == 3);
  times.reset();
  CHECK(times.steps() == 0);
}

TEST_CASE("the slowest rank is named with its host and its reason") {
  const std::vector<std::string> hosts = {"n1", "n2"};
  CHECK(trainer::describe_slowest({{0, 0.10}, {0.04, 0.10}}, hosts) ==
        "rank 1 (n2) was the slowest: 17 % above the mean, waiting for its input");
  CHECK(trainer::describe_slowest({{0, 0.13}, {0, 0.07}}, hosts) ==
        "rank 0 (n1) was the slowest: 30 % above the mean, computing");
  CHECK(trainer::describe_slowest({{0, 0.100}, {0, 0.101}}, hosts) ==
        "no rank stands out: the slowest, rank 1 (n2), is 0.5 % above the mean");
}
