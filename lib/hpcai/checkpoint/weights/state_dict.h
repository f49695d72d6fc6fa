#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>

#include "hpcai/checkpoint/weights/pickle.h"
#include "hpcai/core/named_tensors.h"

namespace hpcai::checkpoint {

// The dict of tensors in a pickle.
struct StateDict {
  std::string place;  // "state_dict", "model.net"; empty for the pickle's own root
  const PickleValue* dict = nullptr;
};

// Finds the one dict that holds tensors: the root, or one below it under names, as in {"state_dict": {...}, "epoch": 3}. A dict
// whose tensors are all single numbers, such as an accuracy, does not count beside another one. Neither does what lies below keys
// that are no texts, such as the state of an optimizer. Throws std::runtime_error if there is no such dict, and if there are
// several, with their names.
StateDict find_state_dict(const PickleValue& root);

// Returns all elements of a storage, as a tensor of one dimension on the CPU. Throws std::runtime_error if the file does not have
// them.
using ReadStorage = std::function<at::Tensor(const PickleValue& storage)>;

// Returns the tensors of a state dict in its order, without what else stands in it. They are views of the storages, which they
// share as in the file. Throws std::runtime_error for two tensors of one name, and for a tensor that reaches beyond its storage
// or has more elements than it.
NamedTensors tensors_of(const StateDict& found, const ReadStorage& read_storage);

}  // namespace hpcai::checkpoint
