#pragma once

#include <ATen/core/Tensor.h>

// Sequences of different length. A batch of them is a tensor [batch, time, features] of one length, whose values are NaN behind
// the end of each sequence, as targets are that are not known. So a batch itself says how long its sequences are, on whatever way
// it takes through the program, and a model that forgets to look gives NaN.
namespace hpcai::models {

// For which sequences a network is.
struct SequenceKind {
  bool padded = false;     // the sequences may differ in length
  bool each_step = false;  // the network gives its outputs for each step: [batch, time, outputs]

  bool operator==(const SequenceKind&) const = default;
};

// input [batch, time, features] -> bool [batch, time]: whether a step belongs to its sequence.
at::Tensor real_steps(const at::Tensor& input);

}  // namespace hpcai::models
