// The arithmetic of a global batch of 65,536 on one machine: one pass, accumulation over many small passes, and 2 or 4 ranks
// must make the same update, to rounding; the norms of LARS and LAMB, clipping and loss scaling included.
#include <ATen/Parallel.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/optim/base_rate.h"
#include "hpcai/optim/make_optimizer.h"
#include "hpcai/tasks/tasks.h"
#include "hpcai/trainer/loop.h"
#include "unit/metrics/thread_group.h"
#include "unit/trainer/small_net.h"

using namespace hpcai;
using trainer::Precision;

namespace {

constexpr int64_t kBatch = 65536;

struct Way {
  optim::OptimizerConfig optimizer;
  Precision precision = Precision::fp32;
  distributed::WirePrecision wire = distributed::WirePrecision::same;
  double clip_norm = 0;
  int64_t global_batch = kBatch;
  int64_t accumulation = 1;
};

// What two steps add to each parameter, on one rank of `group`.
std::vector<at::Tensor> update_of_two_steps(const Way& way, distributed::Group& group) {
  at::set_num_threads(1);
  const trainer::Points points(2 * kBatch);
  data::StepLoader loader(std::make_unique<data::Loader>(
      points, data::Sampler(points.size(), way.global_batch, group.rank(), group.size(), data::SamplerMode::training, 1),
      data::LoaderConfig{.threads = 1, .queue_batches = 1}));
  trainer::SmallNet net;
  const auto task = tasks::make_task(tasks::ClassificationConfig{.label_smoothing = 0.1});
  optim::NamedTensors named;
  std::vector<at::Tensor> change;
  for (const auto& item : net.named_parameters()) {
    named.emplace_back(item.key(), item.value());
    change.push_back(item.value().detach().clone());
  }
  const auto optimizer = optim::make_optimizer(way.optimizer, named);
  trainer::LoopSettings settings;
  settings.course.training.global_batch = way.global_batch;
  settings.course.training.accumulation = way.accumulation;
  settings.course.training.precision = way.precision;
  settings.course.training.clip_norm = way.clip_norm;
  settings.course.schedule = optim::ConstantConfig{};
  settings.course.base_lr = optim::base_rate(way.optimizer, way.global_batch);
  settings.reducer.wire_precision = way.wire;
  settings.reducer.bucket_mb = settings.reducer.first_bucket_mb = 1e-3;
  trainer::Loop loop({group, loader, net, *task, *optimizer}, settings);
  for (int step = 0; step < 2; ++step) loop.step();
  for (size_t i = 0; i < change.size(); ++i) change[i] = named[i].second.detach() - change[i];
  return change;
}

std::vector<at::Tensor> alone(const Way& way) { return update_of_two_steps(way, *distributed::make_single_group()); }

std::vector<at::Tensor> together(const Way& way, int ranks) {
  std::vector<std::vector<at::Tensor>> changes(static_cast<size_t>(ranks));
  metrics::as_ranks(
      ranks, [&](distributed::Group& group) { changes[static_cast<size_t>(group.rank())] = update_of_two_steps(way, group); });
  for (const auto& change : changes) {
    for (size_t i = 0; i < change.size(); ++i) CHECK(at::equal(change[i], changes[0][i]));
  }
  return changes[0];
}

// The largest difference between two updates of a tensor, relative to the update.
double difference(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i)
    largest = std::max(largest, (a[i] - b[i]).norm().item<double>() / b[i].norm().item<double>());
  return largest;
}

Way accumulated(Way way, int64_t passes) {
  way.accumulation = passes;
  return way;
}

// Every way of splitting the batch against one pass; another batch must make another update, or this proves nothing.
void check_all_ways(const Way& way, double tolerance) {
  const auto whole = alone(way);
  CHECK(difference(alone(accumulated(way, 64)), whole) < tolerance);
  CHECK(difference(together(accumulated(way, 8), 2), whole) < tolerance);
  CHECK(difference(together(accumulated(way, 4), 4), whole) < tolerance);
  CHECK(difference(together(way, 4), whole) < tolerance);
  Way smaller = way;
  smaller.global_batch = 512;
  CHECK(difference(alone(smaller), whole) > 5 * tolerance);
}

constexpr double kRounding = 1e-4;      // of sums of 65,536 numbers in fp32
constexpr double kHalfRounding = 1e-2;  // of gradients that are kept in fp16, or travel in it

optim::LarsConfig lars(optim::LarsForm form) { return {.lr = 10, .form = form, .trust_coefficient = 0.01, .weight_decay = 1e-3}; }

}  // namespace

TEST_CASE("a batch of 65,536 gives one update however it is split: SGD, scaled rate, clipped") {
  optim::SgdConfig sgd{.lr = 0.001, .weight_decay = 1e-4};
  sgd.scaling = {optim::RateRule::linear, 256};
  check_all_ways({.optimizer = sgd}, kRounding);
  check_all_ways({.optimizer = sgd, .clip_norm = 0.05}, kRounding);
}

TEST_CASE("a batch of 65,536 gives one update however it is split: LARS in both forms, LAMB") {
  check_all_ways({.optimizer = lars(optim::LarsForm::you)}, kRounding);
  check_all_ways({.optimizer = lars(optim::LarsForm::mlperf)}, kRounding);
  check_all_ways({.optimizer = optim::LambConfig{.lr = 0.01, .epsilon = 1e-4}}, kRounding);
}

TEST_CASE("a batch of 65,536 gives one update however it is split: fp16 with loss scaling") {
  check_all_ways({.optimizer = lars(optim::LarsForm::you), .precision = Precision::fp16}, kHalfRounding);
  check_all_ways(
      {.optimizer = lars(optim::LarsForm::mlperf), .precision = Precision::fp16, .wire = distributed::WirePrecision::fp16},
      kHalfRounding);
}

TEST_CASE("fp16 with loss scaling makes the update of fp32") {
  const Way wide{.optimizer = lars(optim::LarsForm::you)};
  Way narrow = wide;
  narrow.precision = Precision::fp16;
  CHECK(difference(alone(narrow), alone(wide)) < kHalfRounding);
  narrow.wire = distributed::WirePrecision::fp16;
  CHECK(difference(together(narrow, 4), alone(wide)) < kHalfRounding);
}
