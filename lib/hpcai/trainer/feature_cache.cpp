#include "hpcai/trainer/feature_cache.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/data/loader.h"
#include "hpcai/distributed/exchange/on_all_ranks.h"
#include "hpcai/kernels/one_thread.h"
#include "hpcai/trainer/evaluation_mode.h"
#include "hpcai/trainer/network.h"

namespace hpcai::trainer {
namespace {

data::SampleSpec pooled_spec(data::SampleSpec spec, int64_t channels) {
  spec.input_shape = {channels, 1, 1};
  return spec;
}

double bytes_of_features(int64_t samples, int64_t channels) {
  return static_cast<double>(samples) * static_cast<double>(channels) * sizeof(float);
}

models::MapNetwork& network_with_means(models::Model& model) {
  auto* network = dynamic_cast<models::MapNetwork*>(&model);
  if (network != nullptr && network->reads_means_of_maps()) return *network;
  throw Error(ExitCode::usage, "training.stages: cache_features needs a network whose head reads the means of its last maps",
              "Use model.type xception or resnet50, or set cache_features to false.");
}

// The means of this rank's part of a batch, [batch, channel].
at::Tensor means_of(const tasks::Network& network, models::MapNetwork& maps, const at::Tensor& input) {
  return network.compute(input.device(), [&](models::Model&) { return maps.maps(input).mean({2, 3}); }).to(at::kFloat);
}

}  // namespace

PooledMaps::PooledMaps(const data::Dataset& base, at::Tensor means)
    : Dataset(pooled_spec(base.spec(), means.size(1))), base_(base), means_(std::move(means)) {
  if (means_.size(0) != base.size() || !means_.is_contiguous() || means_.scalar_type() != at::kFloat) {
    throw std::invalid_argument("PooledMaps: means of other samples");
  }
}

void PooledMaps::read(int64_t index, const data::Draw*, float* out) const {
  const int64_t channels = means_.size(1);
  const float* from = means_.const_data_ptr<float>() + index * channels;
  std::copy(from, from + channels, out);
}

void require_room_for_features(int64_t samples, int64_t channels, int ranks, const MemoryLeft& left) {
  const double bytes = bytes_of_features(samples, channels);
  if (bytes * ranks <= left.bytes) return;
  throw Error(
      ExitCode::usage,
      fmt::format(
          "training.stages: cache_features: the {} features of each of {} take {:.1f} MB in each of {} of a host, which has "
          "{:.1f} MB left ({})",
          channels, plural(samples, "training sample"), bytes / 1e6, plural(ranks, "rank"), left.bytes / 1e6, left.limit),
      "Set cache_features to false, use fewer ranks of a host, or a host with more memory.");
}

at::Tensor means_of_maps(distributed::Group& group, models::MapNetwork& network, const data::Dataset& dataset,
                         const EvaluationSettings& settings) {
  const distributed::InPhase phase(group.status(), distributed::Phase::evaluate);
  const at::NoGradGuard no_grad;
  const EvaluationMode mode(network);
  const kernels::OneThread one_thread(settings.deterministic);
  const at::Device device = group.device();
  const tasks::Network in_precision = network_of(network, settings.precision);
  const auto parts = settings.deterministic ? data::SamplerMode::evaluation_in_passes : data::SamplerMode::evaluation;
  data::Loader loader(dataset, data::Sampler(dataset.size(), settings.global_batch, group.rank(), group.size(), parts, 0),
                      settings.loader, device.is_cuda());
  std::vector<int64_t> shape{1};
  shape.insert(shape.end(), dataset.spec().input_shape.begin(), dataset.spec().input_shape.end());
  const int64_t channels = means_of(in_precision, network, at::zeros(shape, at::TensorOptions(device))).size(1);
  at::Tensor means;
  distributed::on_all_ranks(group, [&] {
    require_room_for_features(dataset.size(), channels, group.placement().local_size, memory_left());
    means = at::empty({dataset.size(), channels}, at::kFloat);
  });
  for (int64_t number = 0; number < loader.sampler().batches_per_epoch(); ++number) {
    const data::Batch batch = loader.next();
    group.status().advance();
    const int64_t first = number * settings.global_batch, count = std::min(settings.global_batch, dataset.size() - first);
    const at::Tensor rows = at::zeros({count, channels}, at::TensorOptions(at::kFloat).device(device));
    if (!batch.index.empty()) {
      const at::Tensor own = means_of(in_precision, network, batch.input.to(device, /*non_blocking=*/true));
      rows.narrow(0, batch.index.front() - first, own.size(0)).copy_(own);  // the samples of a rank are a contiguous part
    }
    group.all_reduce_sum(rows);  // a row is that of one rank, and 0 on the others
    means.narrow(0, first, count).copy_(rows);
  }
  return means;
}

CachedStage::CachedStage(distributed::Group& group, models::Model& model, const data::Loader& loader,
                         const EvaluationSettings& settings)
    : network_(network_with_means(model)) {
  const data::Dataset& dataset = loader.dataset();
  const at::Tensor means = means_of_maps(group, network_, dataset, settings);
  features_ = std::make_unique<PooledMaps>(dataset, means);
  log::info("computed {} features of {} once ({:.1f} MB in each rank); the images of this stage are not augmented", means.size(1),
            plural(dataset.size(), "training sample"), bytes_of_features(dataset.size(), means.size(1)) / 1e6);
  data::LoaderConfig config = settings.loader;
  config.threads = 1;  // a sample is a copy
  loader_ = std::make_unique<data::StepLoader>(
      std::make_unique<data::Loader>(*features_, loader.sampler(), config, group.device().is_cuda()));
}

}  // namespace hpcai::trainer
