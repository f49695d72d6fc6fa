#pragma once

#include <cstdint>
#include <vector>

namespace hpcai::data {

// How a line of pixels is resized: for each output place the input places that it takes from, and their weights, whose sum is 1.
// The weights are those of a triangle that covers all pixels when the line shrinks, as Pillow's BILINEAR does.
struct TriangleFilter {
  TriangleFilter(int64_t from, int64_t to);

  int64_t taps = 0;            // weights of an output place
  std::vector<int64_t> first;  // [to] input place of the first weight
  std::vector<float> weights;  // [to, taps], filled up with zeros
};

}  // namespace hpcai::data
