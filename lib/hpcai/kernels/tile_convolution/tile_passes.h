#pragma once

#include <cstdint>
#include <vector>

#include "hpcai/kernels/tile_convolution/window.h"

// The products of a convolution, in tiles (tile_products/cpu/image_tiles.h). They do not depend on the number of threads.
namespace hpcai::kernels::image_products {

// The float32 matrices [depth, columns] of a window's taps: that of tap t begins at data + taps[t].
struct KernelMatrices {
  const float* data;
  int64_t depth_step, column_step, depth, columns;
  std::vector<int64_t> taps;
};

// out = the sum over the taps of their pixels times their matrices, rounded; or with `add` added to `out`, and rounded once.
void multiply(const Images& images, const Window& window, const KernelMatrices& kernel, const Images& out, const Lattice& lattice,
              bool add);

// The gradient of the kernel: [channels of dy, channels of the images, taps], for dy of all positions.
void weight_gradient(const Images& images, const Window& window, const Images& dy, float* result);

}  // namespace hpcai::kernels::image_products
