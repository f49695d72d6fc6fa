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
  at::Tensor target;  // int64 [batch] or float [batch, targets]; undefined where the truth is not known
};

// What one pass works on: samples of the experiment's data, and those of every further source that the task reads.
struct Batch : Samples {
  std::map<std::string, Samples, std::less<>> further = {};

  // The samples of one of Task::further_sources().
  const Samples& from(const std::string& source) const {
    const auto found = further.find(source);
    if (found == further.end()) throw std::logic_error("a batch without samples of the source '" + source + "'");
    return found->second;
  }
};

}  // namespace hpcai::tasks
