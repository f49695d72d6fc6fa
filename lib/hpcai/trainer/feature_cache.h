#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "hpcai/core/memory_left.h"
#include "hpcai/data/dataset.h"
#include "hpcai/data/step_loader.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/models/feature_network.h"
#include "hpcai/trainer/evaluate.h"

// A stage that trains the head alone can compute the frozen layers once for each sample.
namespace hpcai::trainer {

// The samples of another data set as the head of a network sees them: the means of the last maps, [channel, 1, 1]. The other
// outlives it. No draw changes them.
class PooledMaps : public data::Dataset {
 public:
  // `means`: float [samples, channel] on the CPU, contiguous.
  PooledMaps(const data::Dataset& base, at::Tensor means);

  int64_t size() const override { return base_.size(); }
  std::string id(int64_t index) const override { return base_.id(index); }
  std::string where(int64_t index) const override { return base_.where(index); }
  void read(int64_t index, const data::Draw* draw, float* out) const override;
  at::Tensor targets(std::span<const int64_t> index) const override { return base_.targets(index); }
  void hash_content(int64_t index, Sha256& hash) const override { base_.hash_content(index, hash); }

 private:
  const data::Dataset& base_;
  at::Tensor means_;
};

// Throws Error{usage} if the means of `samples` times `channels` values, kept by each of `ranks` ranks of a host, take more than
// the host has left.
void require_room_for_features(int64_t samples, int64_t channels, int ranks, const MemoryLeft& left);

// The means of the maps of every sample of `dataset`, not augmented, in evaluation mode: float [samples, channel] on the CPU, the
// same on all ranks. Each rank computes its part of a batch; settings as in evaluate(). Every rank calls the function. Throws
// what require_room_for_features() throws, on all ranks.
at::Tensor means_of_maps(distributed::Group& group, models::MapNetwork& network, const data::Dataset& dataset,
                         const EvaluationSettings& settings);

// The training samples of a stage with cached features, in the same order and batches as those of `loader`.
class CachedStage {
 public:
  // Computes the features with the present weights. All ranks call it at the same time. Throws Error{usage} if the model has no
  // maps whose means its head reads, and what means_of_maps() throws. The loader's data set and the model outlive the object.
  CachedStage(distributed::Group& group, models::Model& model, const data::Loader& loader, const EvaluationSettings& settings);

  data::StepLoader& loader() { return *loader_; }
  models::MapNetwork& network() { return network_; }

 private:
  models::MapNetwork& network_;
  std::unique_ptr<data::Dataset> features_;
  std::unique_ptr<data::StepLoader> loader_;  // destroyed before what it reads
};

}  // namespace hpcai::trainer
