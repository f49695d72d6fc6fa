#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "hpcai/distributed/exchange/group.h"

namespace hpcai::metrics {

// Keeps every prediction of an evaluation on the device. gather() collects those of all ranks.
class Predictions {
 public:
  // Adds a batch. prediction [batch, ...]; target [batch, ...], or undefined in every call; index: the samples' numbers in the
  // data set, [batch].
  void add(const at::Tensor& prediction, const at::Tensor& target, const std::vector<int64_t>& index);

  struct Gathered {
    std::vector<int64_t> index;  // of the sample of each row, in rising order
    at::Tensor prediction;       // [row, ...] on the CPU, in the order of index; undefined if there is no sample
    at::Tensor target;           // likewise; undefined if no target was added
  };
  // Returns the samples of all ranks on every rank. Every rank calls it. Ranks may hold different numbers of samples, or none.
  Gathered gather(distributed::Group& group) const;

 private:
  std::vector<at::Tensor> prediction_;
  std::vector<at::Tensor> target_;
  std::vector<int64_t> index_;
};

// Turns predictions for each step of sequences [sample, time, columns], which are NaN behind the end of a sequence, into rows of
// steps [step, columns]. `all.index` then has the number of the sample for each step.
void make_steps_rows(Predictions::Gathered& all);

// Gathered::index -> the number of each row within its sample: of a sequence the time step, else 0.
std::vector<int64_t> rows_of_samples(const std::vector<int64_t>& index);

}  // namespace hpcai::metrics
