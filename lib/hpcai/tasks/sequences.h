#pragma once

#include <ATen/core/Tensor.h>

// Losses and predictions for each step of sequences; see models/sequences.h.
namespace hpcai::tasks {

// target float [batch, time, targets] -> bool [batch, time]: the steps whose truth is known.
at::Tensor known_steps(const at::Tensor& target);

// values [batch, time] of the steps -> []: the mean over the sequences of the mean over the known steps of each. So all sequences
// weigh alike, and a batch in parts has the mean of the parts. A sequence without a known step counts as 0.
at::Tensor mean_of_sequences(const at::Tensor& values, const at::Tensor& known);

// Predictions of samples [batch, columns] as they are; of steps [batch, time, columns] with NaN behind the end of each sequence
// of the input [batch, time, features], and infinity for a NaN before it.
at::Tensor without_padding(const at::Tensor& prediction, const at::Tensor& input);

}  // namespace hpcai::tasks
