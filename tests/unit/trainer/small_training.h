#pragma once

#include <ATen/Parallel.h>

#include <atomic>
#include <limits>
#include <memory>
#include <optional>

#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/optim/make_optimizer.h"
#include "hpcai/tasks/tasks.h"
#include "hpcai/trainer/loop.h"
#include "unit/trainer/small_net.h"

namespace hpcai::trainer {

inline constexpr int64_t kSmallBatch = 24;

// Points that can be made not finite: all, or the one of an index.
struct SpoilablePoints : Points {
  using Points::Points;
  void read(int64_t index, const data::Draw* draw, float* out) const override {
    Points::read(index, draw, out);
    if (spoilt || index == bad) out[0] = std::numeric_limits<float>::quiet_NaN();
  }
  std::atomic<bool> spoilt = false;
  std::atomic<int64_t> bad = -1;
};

// A training of a small network on points, 10 steps an epoch, alone on one thread.
struct SmallTraining {
  static LoopSettings usual() {
    LoopSettings settings;
    settings.course.training.global_batch = kSmallBatch;
    settings.course.training.clip_norm = 1;
    settings.course.training.average_decay = 0.9;
    settings.course.schedule = optim::ConstantConfig{};
    settings.course.base_lr = 0.1;
    return settings;
  }

  SmallTraining(const optim::OptimizerConfig& rule, const LoopSettings& settings,
                models::BatchNormMode mode = models::BatchNormMode::frozen)
      : model(mode),
        optimizer(optim::make_optimizer(rule, named_parameters(model))),
        loop({*group, loader, model, *task, *optimizer, &validation}, settings) {
    at::set_num_threads(1);
  }

  std::unique_ptr<distributed::Group> group = distributed::make_single_group();
  SpoilablePoints points{10 * kSmallBatch};
  Points validation{50};
  data::StepLoader loader{
      std::make_unique<data::Loader>(points, data::Sampler(points.size(), kSmallBatch, 0, 1, data::SamplerMode::training, 1),
                                     data::LoaderConfig{.threads = 1, .queue_batches = 1})};
  SmallNet model;
  std::unique_ptr<tasks::Task> task = tasks::make_task(tasks::ClassificationConfig{});
  std::unique_ptr<optim::Optimizer> optimizer;
  Loop loop;
};

// The same on one of several ranks. `bad`: as in SpoilablePoints.
struct RankTraining {
  RankTraining(distributed::Group& group, const LoopSettings& settings, models::BatchNormMode mode, int64_t bad = -1)
      : loader(std::make_unique<data::Loader>(
            spoil(bad), data::Sampler(points.size(), kSmallBatch, group.rank(), group.size(), data::SamplerMode::training, 1),
            data::LoaderConfig{.threads = 1, .queue_batches = 1})),
        model(mode),
        optimizer(optim::make_optimizer(optim::AdamConfig{}, named_parameters(model))),
        loop({group, loader, model, *task, *optimizer}, settings) {
    models::synchronise_batch_norm(
        model, [&group](at::Tensor& tensor) { group.all_reduce_sum(tensor); }, group.size());
  }

  SpoilablePoints points{10 * kSmallBatch};
  data::StepLoader loader;
  SmallNet model;
  std::unique_ptr<tasks::Task> task = tasks::make_task(tasks::ClassificationConfig{});
  std::unique_ptr<optim::Optimizer> optimizer;
  Loop loop;

 private:
  const data::Dataset& spoil(int64_t bad) {
    points.bad = bad;
    return points;
  }
};

}  // namespace hpcai::trainer
