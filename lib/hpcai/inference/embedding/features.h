#pragma once

#include <ATen/core/Tensor.h>

#include "hpcai/data/dataset.h"
#include "hpcai/data/loader_config.h"
#include "hpcai/tasks/network.h"

namespace hpcai::inference {

// What a network makes of the samples of a data set, in their order, on the CPU.
struct Features {
  at::Tensor vectors;  // float [sample, features]
  at::Tensor scores;   // float [sample, outputs]
};

// The features of every sample, with the model in evaluation mode, `batch` samples at once. Throws Error{usage} if the model has
// none (models/feature_network.h), Error{bad_data} that names the sample if a feature is not finite, and what the data set
// throws.
Features features_of(const tasks::Network& network, const data::Dataset& dataset, int64_t batch, at::Device device,
                     const data::LoaderConfig& loader);

}  // namespace hpcai::inference
