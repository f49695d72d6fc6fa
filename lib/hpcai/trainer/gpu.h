#pragma once

#include <filesystem>
#include <functional>

#include "hpcai/models/model.h"
#include "hpcai/trainer/training_config.h"

namespace hpcai::trainer {

// Whether this process computes on a GPU. For `cuda` the function throws Error{usage} if the machine shows no GPU; make_group
// finds other faults later. For `automatic` it logs a warning and returns false if a GPU is there but cannot be used.
bool use_gpu(DeviceChoice choice);
// For tests: as use_gpu(choice), with `devices` instead of /dev and `count` instead of distributed::gpu_count.
bool use_gpu(DeviceChoice choice, const std::filesystem::path& devices, const std::function<int()>& count);

// Installs the kernels of libhpcai_cuda.so and chooses LibTorch's algorithms. Called before the first network on a GPU.
void prepare_gpu(const TrainingConfig& training);

// Changes the memory layout of all convolution weights [out, in, height, width] to channels-last, which GPU convolutions read.
void order_weights(models::Model& model);

}  // namespace hpcai::trainer
