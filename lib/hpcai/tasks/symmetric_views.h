#pragma once

#include <ATen/core/Tensor.h>

#include "hpcai/tasks/network.h"

namespace hpcai::tasks {

// images [batch, channel, side, side] -> scores [batch, class]. The scores are the logarithm of the class probabilities averaged
// over the eight flips and quarter turns of each image.
at::Tensor symmetric_scores(const Network& network, const at::Tensor& images);

}  // namespace hpcai::tasks
