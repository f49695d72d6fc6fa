#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "hpcai/distributed/exchange/group.h"

namespace hpcai::metrics {

// Keeps every prediction of an evaluation, on the device, until gather() brings those of all ranks together.
class Predictions {
 public:
  // prediction [batch, ...], target [batch, ...] (or undefined in every call), index: the samples' numbers in the data
  // set.
  void add(const at::Tensor& prediction, const at::Tensor& target, const std::vector<int64_t>& index);

  struct Gathered {
    std::vector<int64_t> index;  // rising
    at::Tensor prediction;       // [sample, ...] on the CPU, in the order of index; undefined if there is no sample
    at::Tensor target;           // the same; undefined if none was added
  };
  // On every rank the samples of all; call on all ranks. Ranks may hold different numbers of samples, or none.
  Gathered gather(distributed::Group& group) const;

 private:
  std::vector<at::Tensor> prediction_;
  std::vector<at::Tensor> target_;
  std::vector<int64_t> index_;
};

}  // namespace hpcai::metrics
