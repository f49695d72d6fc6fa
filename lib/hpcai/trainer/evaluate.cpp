#include "hpcai/trainer/evaluate.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ATen.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/data/loader.h"
#include "hpcai/metrics/accumulators.h"
#include "hpcai/metrics/overlap.h"
#include "hpcai/trainer/forward.h"

namespace hpcai::trainer {
namespace {

// Puts a model into evaluation mode while it lives.
class EvaluationMode {
 public:
  explicit EvaluationMode(models::Model& model) : model_(model), was_training_(model.is_training()) { model_.eval(); }
  ~EvaluationMode() { model_.train(was_training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  models::Model& model_;
  bool was_training_;
};

// Class scores averaged, as probabilities, over the flips and quarter turns of images [batch, 3, side, side]; their
// logarithm is a score again: its softmax is the mean probability.
at::Tensor symmetric_scores(models::Model& model, const at::Tensor& images, Precision precision) {
  at::Tensor sum;
  for (int turn = 0; turn < 4; ++turn) {
    for (bool flip : {false, true}) {
      const at::Tensor turned = at::rot90(flip ? images.flip({3}) : images, turn, {2, 3});
      const at::Tensor probability = forward(model, turned.contiguous(), precision).to(at::kFloat).softmax(1);
      sum = sum.defined() ? sum.add_(probability) : probability;
    }
  }
  return sum.div_(8).clamp_min_(1e-30).log_();
}

// Overlaps of `count` samples spread evenly over all; each rank computes its share, all get the whole.
nlohmann::json overlap_summary(distributed::Group& group, const metrics::Predictions::Gathered& all,
                               const simulate::TimeGrid& grid, int64_t count, int threads) {
  const int64_t total = all.prediction.size(0);
  count = std::min(count, total);
  const int64_t first = count * group.rank() / group.size();
  const int64_t last = count * (group.rank() + 1) / group.size();
  const at::Tensor chosen = at::arange(first, last, at::kLong).mul(total).floor_divide(std::max<int64_t>(count, 1));
  const auto mine = metrics::overlaps(all.target.index_select(0, chosen), all.prediction.index_select(0, chosen), grid, threads);

  metrics::Overlaps joined;
  at::Tensor values = at::empty({static_cast<int64_t>(mine.values.size())}, at::kDouble);
  std::copy(mine.values.begin(), mine.values.end(), values.mutable_data_ptr<double>());
  for (const at::Tensor& part : group.all_gather(values.to(group.device()))) {
    const at::Tensor host = part.cpu().contiguous();
    joined.values.insert(joined.values.end(), host.const_data_ptr<double>(), host.const_data_ptr<double>() + host.numel());
  }
  const at::Tensor clamped = at::full({1}, mine.clamped, at::TensorOptions(at::kLong).device(group.device()));
  group.all_reduce_sum(clamped);
  joined.clamped = clamped.item<int64_t>();
  return joined.values.empty() ? nlohmann::json::object() : joined.summary();
}

}  // namespace

void require_finite(const EvaluationResult& result, const std::string& what) {
  if (std::isfinite(result.loss)) return;
  throw SharedError(ExitCode::diverged, fmt::format("the {} loss is not finite, although the training loss is", what),
                    "Weights or running statistics have run away: lower optimizer.lr, or set training.clip_norm. The last "
                    "checkpoint is intact.");
}

EvaluationResult evaluate(distributed::Group& group, models::Model& model, const models::Loss& loss, const data::Dataset& dataset,
                          const EvaluationSettings& settings) {
  const distributed::InPhase phase(group.status(), distributed::Phase::evaluate);
  at::NoGradGuard no_grad;
  EvaluationMode mode(model);
  const at::Device device = group.device();
  const auto& spec = dataset.spec();
  const bool classifies = !spec.class_names.empty();
  metrics::MeanLoss mean_loss(device);
  metrics::Classification classification(std::max<int64_t>(static_cast<int64_t>(spec.class_names.size()), 1), device);
  metrics::Regression regression(spec.target_names, device);
  metrics::Predictions predictions;

  data::Loader loader(
      dataset, data::Sampler(dataset.size(), settings.global_batch, group.rank(), group.size(), data::SamplerMode::evaluation, 0),
      settings.loader, device.is_cuda());
  for (int64_t number = 0; number < loader.sampler().batches_per_epoch(); ++number) {
    const data::Batch batch = loader.next();
    group.status().advance();
    if (batch.index.empty()) continue;
    const at::Tensor input = batch.input.to(device, /*non_blocking=*/true);
    const at::Tensor target = batch.target.to(device, /*non_blocking=*/true);
    const at::Tensor output = classifies && settings.symmetric_views ? symmetric_scores(model, input, settings.precision)
                                                                     : forward(model, input, settings.precision).to(at::kFloat);
    mean_loss.add(loss(output, target), input.size(0));
    if (classifies) {
      classification.add(output, target);
    } else {
      regression.add(output, target);
    }
    predictions.add(classifies ? output.softmax(1) : output, target, batch.index);
  }

  EvaluationResult result;
  mean_loss.reduce(group);
  result.loss = mean_loss.mean();
  result.metrics = mean_loss.result();
  auto& kind = classifies ? static_cast<metrics::Accumulator&>(classification) : regression;
  kind.reduce(group);
  result.metrics.update(kind.result());
  result.predictions = predictions.gather(group);
  if (!classifies && settings.overlap_grid && settings.overlap_samples > 0) {
    result.metrics.update(
        overlap_summary(group, result.predictions, *settings.overlap_grid, settings.overlap_samples, settings.threads));
  }
  return result;
}

}  // namespace hpcai::trainer
