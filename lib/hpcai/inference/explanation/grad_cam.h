#pragma once

#include <ATen/core/Tensor.h>

#include "hpcai/models/feature_network.h"

namespace hpcai::inference {

// Where the evidence for a class lies (Grad-CAM, Selvaraju et al. 2017, ICCV, equations 1 and 2): relu(sum_k a_k A_k), where A_k
// are the network's last maps and a_k is the mean over its places of the gradient of the class's score by A_k. The score is that
// before the softmax.
//
// input [batch, 3, height, width] and target int64 [batch] on the model's device -> maps [batch, height', width'] of the size of
// the network's maps, not normalised. The model must be in evaluation mode, so that the samples do not depend on each other.
// Leaves the gradients of the parameters as they are.
at::Tensor grad_cam(models::MapNetwork& network, const at::Tensor& input, const at::Tensor& target);

// Maps resized to the size of the image, bilinear, [batch, h, w] -> [batch, height, width].
at::Tensor resize_maps(const at::Tensor& maps, int64_t height, int64_t width);

}  // namespace hpcai::inference
