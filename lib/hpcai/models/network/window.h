#pragma once

#include <ATen/ATen.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "hpcai/models/network/shape.h"

namespace hpcai::models::network {

// How a convolution or a pool moves over the steps of a series, or over the rows and columns of an image.
struct Window {
  int64_t kernel = 1, stride = 1, dilation = 1;
  std::string padding = "valid";  // as kPaddingHelp says
};

inline constexpr const char* kPaddingHelp =
    "Values added around the input: valid (none), same (so many that the output has input / stride positions, rounded up; an odd "
    "one "
    "at the end), causal (series only: all in front), or a number for each side.";

// Where a window begins and ends: values added in front and behind, for each extent of the input.
struct Placement {
  Shape output;                                 // with the channels of the input
  std::vector<std::array<int64_t, 2>> padding;  // {front, behind}
  bool symmetric() const;                       // whether front and behind are equal everywhere
  std::vector<int64_t> front() const;
};

// Throws Fault if the window does not fit the shape, or the padding is none of the above.
Placement place(const Window& window, const Shape& input);

// Adds `value` around a tensor [batch, channels, steps] or [batch, channels, height, width].
at::Tensor padded(const at::Tensor& input, const Placement& placement, double value);

}  // namespace hpcai::models::network
