#pragma once

#include <string>

#include "hpcai/core/named_tensors.h"
#include "hpcai/models/config.h"

namespace hpcai::models {

// Whose names exported weights have.
enum class ExportNames { own, timm, torchvision };

// The names that fit a network best: timm's, where it has this network, or else ours.
ExportNames usual_export_names(const ModelConfig& config);

// Returns tensors of a network of this config with the names of another program. Tensors of our Xception's head keep their names,
// because timm has no such head. timm's batch norms add 1e-5 to the variance and Keras's 1e-3, so an Xception of implementation
// keras gets the running variances var + 1e-3 - 1e-5 under timm's names: its outputs in evaluation stay the same, apart from
// the pools. Throws Error{usage} if the other program has no such network.
NamedTensors with_export_names(const ModelConfig& config, const NamedTensors& tensors, ExportNames names);

}  // namespace hpcai::models
