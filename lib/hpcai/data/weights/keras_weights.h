#pragma once

#include <string>

#include "hpcai/core/named_tensors.h"

namespace hpcai::data {

// Reads the weights in an HDF5 file of Keras, as float32 tensors on the CPU in Keras's own layouts (channels last). Each is named
// "layer/weight", such as "block1_conv1/kernel:0". The layers stand in the order of the model, and the weights of a layer in
// Keras's order: gamma, beta, moving mean, moving variance; kernel, bias; depthwise kernel, pointwise kernel. The layer of a
// nested model is the inner one. It reads these layouts:
//
//   save_weights of Keras 1 and 2 (*_notop.h5)  attribute layer_names of the file; group LAYER with attribute weight_names
//   save of a whole model as .h5                the same in the group model_weights
//   save_weights of Keras 3 (.weights.h5)       layers/KEY/vars/0, 1, ...; attribute name of vars is the layer
//
// The model's description in the file (model_config) is not read. Throws Error{missing_input} if the file cannot be read and
// Error{bad_data} if it is damaged or has none of these layouts.
NamedTensors read_keras_weights(const std::string& path);

}  // namespace hpcai::data
