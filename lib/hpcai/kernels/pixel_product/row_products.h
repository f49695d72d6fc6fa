#pragma once

#include <ATen/ATen.h>

#include "hpcai/kernels/pixel_product/pixel_product.h"

// The products of a 1x1 convolution. Rows are stored as float32 or bfloat16 (storage.h); with the multipliers `packed` and
// `library` bfloat16 rows become float32 some at a time, so that the copies stay in the second cache level.
namespace hpcai::kernels {

// out [rows, columns] = left [rows, depth] times the float32 matrix [depth, columns], or with `add` added to it; rounded once.
// One of the matrix's strides is 1.
void multiply_rows(const at::Tensor& left, const at::Tensor& matrix, Multiplier multiplier, bool add, const at::Tensor& out);

// The transposed left [rows, columns] times right [rows, depth], both of one type: float32 [columns, depth]. Always by the
// library.
at::Tensor multiply_transposed(const at::Tensor& left, const at::Tensor& right, Multiplier multiplier);

}  // namespace hpcai::kernels
