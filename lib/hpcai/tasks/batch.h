#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <stdexcept>
#include <string>

namespace hpcai::tasks {

// Samples of one source, on the model's device.
struct Samples {
  at::Tensor input;   // float [batch, ...]
  at::Tensor target;  // int64 [batch], float [batch, targets], or of mixed classes [batch, class]; undefined if not known
};

// The samples of one pass: those of the experiment's data, and those of each further source of the task.
struct Batch : Samples {
  std::map<std::string, Samples, std::less<>> further = {};

  // The samples of one of Task::further_sources(). Throws std::logic_error if the batch has none.
  const Samples& from(const std::string& source) const {
    const auto found = further.find(source);
    if (found == further.end()) throw std::logic_error("a batch without samples of the source '" + source + "'");
    return found->second;
  }
};

}  // namespace hpcai::tasks
