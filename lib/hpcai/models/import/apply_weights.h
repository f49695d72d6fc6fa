#pragma once

#include <string>
#include <vector>

#include "hpcai/models/import/translate.h"
#include "hpcai/models/model.h"

namespace hpcai::models {

// The names of the parameters and then of the buffers of a model, in its order, without those of the targets' scale.
std::vector<std::string> tensor_names(const Model& model);

// How weights were applied.
struct Applied {
  size_t taken = 0, all = 0;            // tensors of the model that came from the source, and all of them
  std::vector<std::string> fresh = {};  // tensors of the model that stayed as they were
  bool whole_head_is_fresh = false;
};
// "234 of 240 tensors" or "all 240 tensors".
std::string describe_part(const Applied& applied);
// "; the head is new", "; new: predictions.weight", or nothing.
std::string describe_new(const Applied& applied);

// Copies weights into a model, on any device, and converts floating-point types. From the first tensor of the model's head (its
// layers from "head" on) that the source lacks or has in another shape, the head stays as it is. Every other tensor of the model
// must be in the source with its shape, and every tensor of the source in the model. Only the scale of the targets
// (standardise.h) may be missing on either side; a scale of another shape stays as it is. Otherwise it changes nothing and throws
// Error{bad_data} that lists the missing, surplus and mis-shaped tensors; the same for a tensor that holds NaN or infinity.
// `where` names the source.
Applied apply_weights(Model& model, const Translated& weights, const std::string& where);

}  // namespace hpcai::models
