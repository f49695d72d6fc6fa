#include "hpcai/trainer/shard_mean.h"

#include <ATen/Parallel.h>

#include <catch2/catch.hpp>

#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/optim/make_optimizer.h"
#include "hpcai/tasks/tasks.h"
#include "hpcai/trainer/loop.h"
#include "unit/metrics/thread_group.h"
#include "unit/trainer/small_net.h"

using namespace hpcai;
using namespace hpcai::trainer;

namespace {

constexpr int64_t kShardedBatch = 48;

// The values of a model and the losses of the steps after some steps.
struct ShardedResult {
  std::vector<at::Tensor> values;
  std::vector<double> losses;
  double validation = 0;
};

ShardedResult train_sharded(int64_t shards, Precision precision, distributed::Group& group) {
  at::set_num_threads(1);
  const Points points(10 * kShardedBatch), validation(100);
  data::StepLoader loader(std::make_unique<data::Loader>(
      points, data::Sampler(points.size(), kShardedBatch, group.rank(), group.size(), data::SamplerMode::training, 1),
      data::LoaderConfig{.threads = 1, .queue_batches = 1}));
  SmallNet net(models::BatchNormMode::local, 0.3);
  const auto task = tasks::make_task(tasks::ClassificationConfig{});
  const auto optimizer = optim::make_optimizer(optim::LambConfig{}, named_parameters(net));
  LoopSettings settings;
  settings.course.training.global_batch = kShardedBatch;
  settings.course.training.precision = precision;
  settings.course.training.clip_norm = 0.1;
  settings.course.training.average_decay = 0.9;
  settings.course.schedule = optim::ConstantConfig{};
  settings.course.base_lr = 0.1;
  settings.reducer.bucket_mb = 1e-3;
  settings.shards = shards;
  Loop loop({group, loader, net, *task, *optimizer}, settings);
  ShardedResult trained;
  for (int step = 0; step < 5; ++step) trained.losses.push_back(loop.step().loss);
  for (const at::Tensor& parameter : net.parameters()) trained.values.push_back(parameter.detach().clone());
  for (const at::Tensor& buffer : net.buffers()) trained.values.push_back(buffer.clone());
  for (const auto& [name, tensor] : loop.computation().average().tensors()) trained.values.push_back(tensor.clone());
  const EvaluationSettings evaluation{
      .precision = precision, .global_batch = 8 * group.size(), .deterministic = true, .loader = {.threads = 1}};
  trained.validation = evaluate(group, net, *task, validation, evaluation).loss;
  return trained;
}

void check_same_bits(const ShardedResult& a, const ShardedResult& b) {
  CHECK(a.losses == b.losses);
  CHECK(a.validation == b.validation);
  REQUIRE(a.values.size() == b.values.size());
  for (size_t i = 0; i < a.values.size(); ++i) CHECK(at::equal(a.values[i], b.values[i]));
}

}  // namespace

TEST_CASE("with shards every number of ranks trains the same bits: weights, running statistics, losses, evaluation") {
  const int64_t shards = GENERATE(4, 6, 8);
  const auto precision = GENERATE(Precision::fp32, Precision::bf16, Precision::fp16);
  const ShardedResult alone = train_sharded(shards, precision, *distributed::make_single_group());
  for (int ranks = 2; ranks <= shards; ++ranks) {
    if (shards % ranks != 0) continue;
    INFO(shards << " shards on " << ranks << " ranks, precision " << static_cast<int>(precision));
    std::vector<ShardedResult> trained(static_cast<size_t>(ranks));
    metrics::as_ranks(ranks, [&](distributed::Group& group) {
      trained[static_cast<size_t>(group.rank())] = train_sharded(shards, precision, group);
    });
    for (const ShardedResult& of_rank : trained) check_same_bits(of_rank, alone);
  }
}

TEST_CASE("shards are their own computation: their number changes the result") {
  const auto group = distributed::make_single_group();
  CHECK(train_sharded(4, Precision::fp32, *group).losses != train_sharded(8, Precision::fp32, *group).losses);
}

TEST_CASE("a step with shards has the mean gradient, loss and running statistics of the shards, each begun alike") {
  at::set_num_threads(1);
  const auto group = distributed::make_single_group();
  SmallNet net(models::BatchNormMode::local);
  const auto task = tasks::make_task(tasks::ClassificationConfig{});
  const auto loss_of = [&](const Points& points, int64_t first, int64_t count) {
    std::vector<int64_t> index;
    at::Tensor input = at::empty({count, 1, kFeatures});
    for (int64_t i = 0; i < count; ++i) {
      index.push_back(first + i);
      points.read(first + i, nullptr, input.mutable_data_ptr<float>() + i * kFeatures);
    }
    return task->loss(tasks::Network(net), {{input, points.targets(index)}});
  };
  const Points points(12);
  std::vector<at::Tensor> trained = net.parameters(), begun, expected, statistics;
  for (const at::Tensor& buffer : net.buffers()) begun.push_back(buffer.clone());
  double loss = 0;
  for (int64_t shard = 0; shard < 3; ++shard) {  // the reference: plain autograd, float64 sums
    for (const at::Tensor& parameter : trained) parameter.mutable_grad() = at::Tensor();
    for (size_t i = 0; i < begun.size(); ++i) net.buffers()[i].copy_(begun[i]);
    const at::Tensor part = loss_of(points, 4 * shard, 4);
    part.backward();
    loss += part.item<double>() / 3;
    for (size_t i = 0; i < trained.size(); ++i) {
      const at::Tensor gradient = trained[i].grad().to(at::kDouble) / 3;
      shard == 0 ? expected.push_back(gradient) : static_cast<void>(expected[i] += gradient);
    }
    for (size_t i = 0; i < begun.size(); ++i) {
      const at::Tensor value = net.buffers()[i].to(at::kDouble) / 3;
      shard == 0 ? statistics.push_back(value) : static_cast<void>(statistics[i] += value);
    }
  }
  for (size_t i = 0; i < begun.size(); ++i) net.buffers()[i].copy_(begun[i]);

  ShardMean shards(*group, net, trained, 3, 25);
  for (int64_t shard = 0; shard < 3; ++shard) {
    shards.begin_shard();
    const at::Tensor part = loss_of(points, 4 * shard, 4);
    part.backward();
    shards.end_shard(part);
  }
  CHECK(shards.finish().item<double>() == Approx(loss).epsilon(1e-7));
  for (size_t i = 0; i < trained.size(); ++i) CHECK(at::allclose(trained[i].grad().to(at::kDouble), expected[i], 1e-5, 1e-7));
  for (size_t i = 0; i < begun.size(); ++i) {
    CHECK(at::allclose(net.buffers()[i].to(at::kDouble), statistics[i], 1e-6, 1e-8));
    CHECK_FALSE(net.buffers()[i].equal(begun[i]));
  }
}

TEST_CASE("shards that the ranks do not divide are refused") {
  const auto group = distributed::make_single_group();
  SmallNet net;
  CHECK_THROWS_AS(ShardMean(*group, net, net.parameters(), 0, 25), std::invalid_argument);
  metrics::as_ranks(2, [](distributed::Group& pair) {
    SmallNet net;
    try {
      ShardMean(pair, net, net.parameters(), 3, 25);
      std::abort();
    } catch (const std::invalid_argument&) {
    }
  });
}
