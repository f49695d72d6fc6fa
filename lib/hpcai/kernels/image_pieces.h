#pragma once

#include <ATen/ATen.h>

#include <algorithm>

#include "hpcai/core/threads/pieces.h"
#include "hpcai/kernels/image_rows.h"

namespace hpcai::kernels {

// The samples of images [batch, channels, height, width], cut into rows that stay in the second cache level. The cut depends on
// the sizes only, so sums over pieces do not depend on the number of threads.
struct ImagePieces {
  int64_t height, rows, in_sample, count;  // rows of a piece, pieces of a sample, pieces in all

  explicit ImagePieces(const at::Tensor& images) : height(images.size(2)) {
    constexpr int64_t kValues = 65536;
    rows = std::clamp<int64_t>(kValues / (images.size(3) * images.size(1)), 1, height);
    in_sample = (height + rows - 1) / rows;
    count = images.size(0) * in_sample;
  }
};

// Calls work(piece, sample, rows) for each piece.
template <class Work>
void for_image_pieces(const ImagePieces& pieces, const Work& work) {
  for_pieces(pieces.count, [&](int64_t piece) {
    const int64_t first = piece % pieces.in_sample * pieces.rows;
    work(piece, piece / pieces.in_sample, ImageRows{first, std::min(pieces.height, first + pieces.rows)});
  });
}

}  // namespace hpcai::kernels
