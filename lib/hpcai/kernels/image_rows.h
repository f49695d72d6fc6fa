#pragma once

#include <cstdint>

namespace hpcai::kernels {

// Rows [first, end) of an image.
struct ImageRows {
  int64_t first, end;
};

}  // namespace hpcai::kernels
