#pragma once

#include <ATen/ATen.h>

#include <bit>
#include <span>

// The sum of tensors in pairs of neighbours, ((0 + 1) + (2 + 3)) + ..., as sum_parts() adds: the first 2^k of them, where 2^k is
// the largest power of two below their number, and then the rest.
inline at::Tensor pairwise_sum(std::span<const at::Tensor> parts) {
  if (parts.size() == 1) return parts[0].clone();
  const size_t left = std::bit_floor(parts.size() - 1);
  return pairwise_sum(parts.first(left)) + pairwise_sum(parts.subspan(left));
}
