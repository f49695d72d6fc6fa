#pragma once

#include <ATen/core/Tensor.h>

#include <array>

// The coordinates (ln q, chi_eff, s1 - s2) of simulate/binary_coordinates.h, as functions of tensors [batch, 3].
namespace hpcai::tasks {

// Middle and width of each coordinate: mean and standard deviation for binaries that fill the domain evenly, rounded.
inline constexpr std::array<double, 3> kCoordinateMiddle = {1.4, 0, 0}, kCoordinateWidth = {0.5, 0.4, 0.65};

// (q, s1, s2) -> coordinates.
at::Tensor to_coordinates(const at::Tensor& parameters);
// Coordinates -> (q, s1, s2). Those outside of the domain (1 <= q <= 8, |s| <= 0.8) are first moved to its edge: ln q, then
// chi_eff, then s1 - s2, which changes the waveform least.
at::Tensor to_parameters(const at::Tensor& coordinates);
// The outputs of a network, which count from the middle in units of the width, -> coordinates.
at::Tensor coordinates_of_output(const at::Tensor& output);

}  // namespace hpcai::tasks
