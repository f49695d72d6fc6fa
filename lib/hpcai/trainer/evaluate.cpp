#include "hpcai/trainer/evaluate.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/data/loader.h"
#include "hpcai/data/wrappers/selection.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/kernels/one_thread.h"
#include "hpcai/trainer/evaluation_mode.h"
#include "hpcai/trainer/network.h"

namespace hpcai::trainer {
namespace {

// The samples of these pieces, one piece after the other.
std::vector<int64_t> samples_in(const PredictionPieces& pieces, std::span<const int64_t> numbers) {
  std::vector<int64_t> samples;
  for (const int64_t piece : numbers) {
    for (int64_t i = pieces.first(piece); i < pieces.first(piece + 1); ++i) samples.push_back(i);
  }
  return samples;
}

tasks::Batch on_device(const data::Batch& batch, at::Device device) {
  const auto moved = [&](const at::Tensor& values) {
    return values.defined() ? values.to(device, /*non_blocking=*/true) : values;
  };
  return {{moved(batch.input), moved(batch.target)}};
}

}  // namespace

void require_finite(const tasks::EvaluationResult& result, const std::string& what) {
  if (std::isfinite(result.loss)) return;
  throw SharedError(ExitCode::diverged, fmt::format("the {} loss is not finite, although the training loss is", what),
                    "Weights or running statistics have run away: lower optimizer.lr, or set training.clip_norm. The last "
                    "checkpoint is intact.");
}

tasks::EvaluationResult evaluate(distributed::Group& group, models::Model& model, const tasks::Task& task,
                                 const data::Dataset& dataset, const EvaluationSettings& settings) {
  const distributed::InPhase phase(group.status(), distributed::Phase::evaluate);
  const at::NoGradGuard no_grad;
  const EvaluationMode mode(model);
  const kernels::OneThread one_thread(settings.deterministic);
  const at::Device device = group.device();
  const tasks::Network network = network_of(model, settings.precision);
  const auto evaluation = task.start_evaluation(dataset.spec(), device);
  const auto parts = settings.deterministic ? data::SamplerMode::evaluation_in_passes : data::SamplerMode::evaluation;
  data::Loader loader(dataset, data::Sampler(dataset.size(), settings.global_batch, group.rank(), group.size(), parts, 0),
                      settings.loader, device.is_cuda());
  for (int64_t number = 0; number < loader.sampler().batches_per_epoch(); ++number) {
    const data::Batch batch = loader.next();
    group.status().advance();
    if (batch.index.empty()) continue;
    evaluation->add(network, on_device(batch, device), batch.index);
  }
  return evaluation->finish(group);
}

void predict_pieces(distributed::Group& group, models::Model& model, const tasks::Task& task, const data::Dataset& dataset,
                    const EvaluationSettings& settings, const PredictionPieces& pieces, std::span<const int64_t> numbers,
                    const std::function<void(int64_t piece, const metrics::Predictions::Gathered& predicted)>& take) {
  if (pieces.of_piece % settings.global_batch != 0) throw std::invalid_argument("predict_pieces: pieces cut forward passes");
  if (numbers.empty()) return;
  const distributed::InPhase phase(group.status(), distributed::Phase::evaluate);
  const at::NoGradGuard no_grad;
  const EvaluationMode mode(model);
  const kernels::OneThread one_thread(settings.deterministic);
  const at::Device device = group.device();
  const tasks::Network network = network_of(model, settings.precision);
  const auto alone = distributed::make_single_group(device);
  const data::Selection chosen(dataset, samples_in(pieces, numbers));
  data::Loader loader(chosen, data::Sampler(chosen.size(), settings.global_batch, 0, 1, data::SamplerMode::evaluation, 0),
                      settings.loader, device.is_cuda());
  for (const int64_t piece : numbers) {
    const auto evaluation = task.start_evaluation(dataset.spec(), device);
    for (int64_t done = 0; done < pieces.size(piece);) {
      const data::Batch batch = loader.next();
      group.status().advance();
      std::vector<int64_t> index(batch.index.size());
      std::iota(index.begin(), index.end(), pieces.first(piece) + done);
      evaluation->add(network, on_device(batch, device), index);
      done += static_cast<int64_t>(index.size());
    }
    take(piece, evaluation->finish(*alone).predictions);
  }
}

}  // namespace hpcai::trainer
