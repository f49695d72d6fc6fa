#pragma once

#include <string>
#include <vector>

#include "hpcai/core/named_tensors.h"

namespace hpcai::models {

// Tensors with our names, and the rest.
struct KerasXception {
  NamedTensors tensors;
  std::vector<std::string> unknown;  // names in the source of tensors that are no part of an Xception
  std::vector<std::string> head;     // of the dense layers of another head than ours
};

// Gives the weights of Keras's Xception (keras.applications) our names and layouts. `source`: named "layer/weight", layers in the
// order of the model, weights of a layer in Keras's order (data/weights/keras_weights.h). `own`: the names of all tensors of our
// network.
//
//   Conv2D           kernel [height, width, in, out]            -> weight [out, in, height, width]
//   SeparableConv2D  depthwise kernel [height, width, in, 1]    -> depthwise.weight [in, 1, height, width]
//                    pointwise kernel [1, 1, in, out]           -> pointwise.weight [out, in, 1, 1]
//   BatchNorm        gamma, beta, moving mean, moving variance  -> weight, bias, running_mean, running_var
//   Dense            kernel [in, out], bias [out]               -> weight [out, in], bias
//
// Layers with a name of ours are taken by it. Keras gives no fixed name to the four residual convolutions and their batch norms,
// so these are taken in their order. Three dense layers are our head in its order; another number is another head.
KerasXception from_keras_xception(const NamedTensors& source, const std::vector<std::string>& own);

}  // namespace hpcai::models
