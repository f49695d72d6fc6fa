#pragma once

#include <memory>

#include "hpcai/optim/config.h"
#include "hpcai/optim/optimizer.h"

namespace hpcai::optim {

// Makes the update rule that `config` chooses for the given parameters (any shapes). It uses LibTorch's fused or foreach kernels
// on CPU and CUDA; a step does not wait for the device. Throws Error{usage} for settings that contradict each other.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, const NamedTensors& named_parameters);

}  // namespace hpcai::optim
