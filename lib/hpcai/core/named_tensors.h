#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

namespace hpcai {

// Tensors of a model, an optimizer or a file, of any shapes, in a fixed order. Names are unique.
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

}  // namespace hpcai
