#include "hpcai/inference/embedding/features.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/data/loader.h"
#include "hpcai/data/wrappers/without_truth.h"
#include "hpcai/models/feature_network.h"

namespace hpcai::inference {

Features features_of(const tasks::Network& network, const data::Dataset& dataset, int64_t batch, at::Device device,
                     const data::LoaderConfig& loader_config) {
  models::FeatureNetwork& model = models::feature_network(network.model(), "embed");
  model.eval();
  const at::NoGradGuard no_grad;
  const data::WithoutTruth hidden(dataset);
  data::Loader loader(hidden, data::Sampler(dataset.size(), batch, 0, 1, data::SamplerMode::evaluation, 0), loader_config,
                      device.is_cuda());
  std::vector<at::Tensor> vectors, scores;
  for (int64_t number = 0; number < loader.sampler().batches_per_epoch(); ++number) {
    const data::Batch samples = loader.next();
    const at::Tensor features =
        network.compute(device, [&](models::Model&) { return model.features(samples.input.to(device, /*non_blocking=*/true)); });
    scores.push_back(network.compute(device, [&](models::Model&) { return model.classify(features); }).to(at::kCPU, at::kFloat));
    vectors.push_back(features.to(at::kCPU, at::kFloat));
    const at::Tensor finite = vectors.back().isfinite().all(1);
    if (finite.all().item<bool>()) continue;
    const auto faulty = samples.index[static_cast<size_t>(finite.to(at::kLong).argmin().item<int64_t>())];
    throw Error(ExitCode::bad_data, dataset.where(faulty) + ": a feature of this sample is not finite",
                "The weights of the checkpoint may have run away; try another --checkpoint.");
  }
  return {at::cat(vectors), at::cat(scores)};
}

}  // namespace hpcai::inference
