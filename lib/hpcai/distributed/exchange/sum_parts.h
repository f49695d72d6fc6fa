#pragma once

#include <c10/core/ScalarType.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace hpcai::distributed {

// Whether sum_parts() adds values of this type: float32, float64, bfloat16 and float16.
bool can_sum_parts(at::ScalarType type);

// Adds the values [first, first + count) of all `parts` in pairs of neighbours, ((0 + 1) + (2 + 3)) + ..., divides the sum by
// `divisor`, and writes the result to the same place in all `targets`, which may be parts. `parts`, `targets`: addresses of
// buffers of values of `type`. Narrow types are added in float32 and rounded once, to the nearest value, ties to even. The bits
// of the result depend on the parts alone.
void sum_parts(at::ScalarType type, std::span<std::byte* const> parts, std::span<std::byte* const> targets, int64_t first,
               int64_t count, int divisor);

}  // namespace hpcai::distributed
