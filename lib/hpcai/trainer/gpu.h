#pragma once

#include <filesystem>
#include <functional>

#include "hpcai/models/model.h"
#include "hpcai/trainer/training_config.h"

namespace hpcai::trainer {

// Whether to compute on a GPU. `cuda`: throws Error{usage} where this machine shows none; what else may be wrong with it is found
// by make_group. `automatic`: a GPU that cannot be used is only warned of.
bool use_gpu(DeviceChoice choice);
// The same for other machines: `devices` instead of /dev, `count` instead of distributed::gpu_count.
bool use_gpu(DeviceChoice choice, const std::filesystem::path& devices, const std::function<int()>& count);

// Before the first network on a GPU: installs the kernels of libhpcai_cuda.so and chooses LibTorch's algorithms.
void prepare_gpu(const TrainingConfig& training);

// Puts the weights of convolutions into the order that a GPU's convolutions of channels-last images read.
void order_weights(models::Model& model);

}  // namespace hpcai::trainer
