#pragma once

#include <ATen/ATen.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "hpcai/distributed/config.h"

namespace hpcai::distributed {

// The location of the gradient of one parameter.
struct GradientSlot {
  at::Tensor parameter;  // of any shape
  at::Tensor gradient;   // view of a flat buffer, with the shape and the strides of the parameter
  size_t bucket = 0;
};

// The gradients of the trainable parameters in flat buffers, one for each dtype. Each buffer is divided into buckets, and each
// bucket is one message.
struct GradientBuffers {
  std::vector<at::Tensor> flat;     // [values] each
  std::vector<at::Tensor> buckets;  // [values] each; parts of `flat`, in the order in which the backward pass fills them
  std::vector<GradientSlot> slots;  // in the same order
};

// Makes the buffers, filled with zeros, for parameters of any shapes and floating-point dtypes on one device. The last parameter
// comes first, because the backward pass reaches it first. A bucket is complete once it holds `first_bucket_bytes` (first bucket)
// or `bucket_bytes` (other buckets). `make_zeros` makes the flat buffers, zeros [values] of a dtype; empty: ordinary tensors.
using MakeZeros = std::function<at::Tensor(int64_t values, at::ScalarType type)>;
GradientBuffers make_gradient_buffers(const std::vector<at::Tensor>& parameters, double first_bucket_bytes, double bucket_bytes,
                                      const MakeZeros& make_zeros = {});

// Makes slot.gradient the gradient of the parameter. It keeps the value of the parameter's present gradient, or zero if there is
// none.
void adopt_gradient(const GradientSlot& slot);

// Makes autograd call `ready` whenever the gradient of the slot's parameter is complete. An empty function removes the callback.
void on_gradient(const GradientSlot& slot, std::function<void()> ready);

// Returns the dtype in which values of `dtype` travel: the narrower one of `precision`, or `dtype` itself.
at::ScalarType wire_type(at::ScalarType dtype, WirePrecision precision);

}  // namespace hpcai::distributed
