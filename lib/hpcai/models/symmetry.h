#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "hpcai/models/config.h"

// The symmetries of a square, the dihedral group D4: four quarter turns, and the mirror image in the same four positions.
namespace hpcai::models {

inline constexpr int kSquareViews = 8;

// The symmetry of a network; none for networks without this setting.
Symmetry symmetry_of(const ModelConfig& config);

// View 0 <= v < 8 of images [batch, channel, side, side]: mirrored left and right if v >= 4, then turned by v % 4 quarter turns.
at::Tensor square_view(const at::Tensor& images, int view);
// Maps of that view [batch, channel, side', side'], turned and mirrored back.
at::Tensor from_square_view(const at::Tensor& maps, int view);

// Maps of images [batch, 3, side, side] that turn and mirror with the image: the mean over the eight views of what `maps` makes
// of a view, turned back. With Symmetry::none it is maps(images). The means of the maps over their places do not change at all
// when the image is turned or mirrored. `together`: one call of `maps` for all views [8 batch, 3, side, side], so that the
// statistics of batch norms are those of all of them; else one call a view, which needs an eighth of the memory.
at::Tensor symmetric_maps(Symmetry symmetry, const at::Tensor& images, bool together,
                          const std::function<at::Tensor(const at::Tensor&)>& maps);

// Throws Error{usage} if a network of this symmetry cannot take images of height x width pixels.
void require_square(Symmetry symmetry, int64_t height, int64_t width);

}  // namespace hpcai::models
