#include "hpcai/tasks/sequences.h"

#include <ATen/ATen.h>

#include <limits>

#include "hpcai/models/sequences.h"

namespace hpcai::tasks {

at::Tensor known_steps(const at::Tensor& target) { return target.isnan().any(2).logical_not(); }

at::Tensor mean_of_sequences(const at::Tensor& values, const at::Tensor& known) {
  const at::Tensor sums = values.masked_fill(known.logical_not(), 0).sum(1);
  return (sums / known.sum(1).clamp_min(1)).mean();
}

at::Tensor without_padding(const at::Tensor& prediction, const at::Tensor& input) {
  if (prediction.dim() < 3) return prediction;
  const at::Tensor behind = models::real_steps(input).logical_not();
  // A network that has run away gives NaN, which must not look like the end of a sequence.
  const at::Tensor known = prediction.masked_fill(prediction.isnan(), std::numeric_limits<double>::infinity());
  return known.masked_fill(behind.unsqueeze(2), std::numeric_limits<double>::quiet_NaN());
}

}  // namespace hpcai::tasks
