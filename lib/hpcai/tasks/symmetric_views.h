#pragma once

#include <ATen/core/Tensor.h>

#include "hpcai/tasks/network.h"

namespace hpcai::tasks {

// Class scores averaged, as probabilities, over the flips and quarter turns of images [batch, channel, side, side]:
// [batch, class], whose softmax is the mean probability.
at::Tensor symmetric_scores(const Network& network, const at::Tensor& images);

}  // namespace hpcai::tasks
