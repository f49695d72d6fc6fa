#pragma once

#include <ATen/ATen.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "hpcai/distributed/config.h"

namespace hpcai::distributed {

// Where the gradient of one parameter lies.
struct GradientSlot {
  at::Tensor parameter;  // of any shape
  at::Tensor gradient;   // view of a flat buffer, with the shape and the strides of the parameter
  size_t bucket = 0;
};

// Flat buffers for the gradients of the trainable parameters, one for each dtype, cut into buckets that travel whole.
struct GradientBuffers {
  std::vector<at::Tensor> flat;     // [values] each
  std::vector<at::Tensor> buckets;  // [values] each; parts of `flat`, in the order in which backward fills them
  std::vector<GradientSlot> slots;  // in the same order
};

// For parameters of any shapes and floating-point types, on one device. The last parameters come first, because backward
// reaches them first. A bucket is closed as soon as it holds `first_bucket_bytes` (the first one) or `bucket_bytes`. The
// buffers start as zero.
GradientBuffers make_gradient_buffers(const std::vector<at::Tensor>& parameters, double first_bucket_bytes, double bucket_bytes);

// Makes the slot the parameter's gradient, with the value that the gradient has now (none is zero).
void adopt_gradient(const GradientSlot& slot);

// Autograd calls `ready` whenever the gradient of the slot's parameter is complete. An empty function ends that.
void on_gradient(const GradientSlot& slot, std::function<void()> ready);

// The narrower format in which values of `dtype` travel, or `dtype` itself.
at::ScalarType wire_type(at::ScalarType dtype, WirePrecision precision);

}  // namespace hpcai::distributed
