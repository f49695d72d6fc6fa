#pragma once

#include <c10/util/BFloat16.h>

#include <cstdint>

#include "hpcai/kernels/packed_product/cpu/packed_product.h"

namespace hpcai::kernels::winograd_cpu {

// The passes of a 3x3 convolution by Winograd's F(4x4, 3x3) (Lavin, Gray 2016, "Fast algorithms for convolutional neural
// networks"). An output is cut into tiles of 4x4 pixels, and a tile of it depends on 6x6 pixels of the input:
//   Y = A^T [ (G w G^T) * (B^T d B) ] A
// for an input tile d, a kernel w and the element-wise product *. Summed over channels, that product is a matrix product for each
// of the 36 elements: 36 multiplications for 16 results instead of 144. The gradient of w is the adjoint of the same map,
//   dw = G^T [ (B^T d B) * (A dY A^T) ] G, summed over the tiles.
//
// Images are [batch, height, width, channels] (channels-last), float32 or bfloat16, channels a multiple of 16. What is
// transformed is float32 and lies as [36][channels / 16][rows][16], where the rows are tiles, or the channels of the other side
// of a kernel; a gap follows each of the 36 elements (element_stride).

inline constexpr int64_t kTile = 4, kElements = 36;

// The distance between two of the 36 elements, in floats. It is no multiple of 4096 bytes, because addresses that far apart share
// a place in the first cache level.
constexpr int64_t element_stride(int64_t channels, int64_t rows) { return channels * rows + kPanel; }

// An image seen as tiles. Tile (i, j) of a sample has its first pixel at (4 i - padding, 4 j - padding); what lies outside the
// image is 0, and is not written.
struct Tiling {
  int64_t height, width, channels;  // of the image
  int64_t down, across;             // number of tiles of a sample
  int64_t padding;
};

// A range of tiles, counted through all samples, and one panel of 16 channels.
struct TileRange {
  int64_t first, count;
  int64_t panel;
};

// The passes over images of float or c10::BFloat16.
template <class T>
struct ImagePasses {
  // B^T d B of the 6x6 pixels of each tile. out [36][channels / 16][range.count][16]; a call fills one panel of it.
  void (*transform_input)(const Tiling& tiling, const TileRange& range, const T* image, float* out);
  // A dY A^T of the 4x4 pixels of each tile.
  void (*transform_output_gradient)(const Tiling& tiling, const TileRange& range, const T* image, float* out);
  // A^T m A, written to the 4x4 pixels of each tile. sums [36][channels / 16][range.count][16]
  void (*transform_sums)(const Tiling& tiling, const TileRange& range, const float* sums, T* image);
};
template <class T>
ImagePasses<T> image_passes();

// Kernels [out][in][3][3] with these distances between neighbours, in floats.
struct KernelStrides {
  int64_t out, in, row, column;
};
// G w G^T for outputs [16 panel, 16 panel + 16): element e goes to to[e * element], [inputs][16]. `turned`: of kernels turned by
// 180 degrees.
void transform_kernels(const float* kernels, const KernelStrides& strides, int64_t inputs, int64_t panel, bool turned,
                       int64_t element, float* to);
// The adjoint: G^T u G of sums of the same layout.
void transform_kernel_gradient(const float* sums, int64_t inputs, int64_t element, int64_t panel, const KernelStrides& strides,
                               float* kernels);

}  // namespace hpcai::kernels::winograd_cpu
