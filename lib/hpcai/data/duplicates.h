#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "hpcai/data/picture_hash.h"
#include "hpcai/data/progress.h"

namespace hpcai::data {

// Pictures are near-duplicates if their detail differs in at most so many bits for one of the symmetries, and their pixels by at
// most so much on average, in units of a byte.
inline constexpr int kMostDifferingBits = 24;
inline constexpr double kMostPictureDifference = 8;

// Picture `second` is a copy of picture `first`, which comes before it.
struct Duplicate {
  int64_t first = 0, second = 0;
  bool exact = false;     // equal pixels
  double difference = 0;  // of the pixels, over the symmetries
};

// The difference of two pictures, see picture_difference(); nothing if they are not comparable. It is called by several threads.
using CompareTwo = std::function<std::optional<double>(int64_t, int64_t)>;

// Each picture that is a copy of an earlier one, once, with the first such picture, in the order of `second`. Near-duplicates are
// looked up by 16 bits at a time. So none is missed that differs in 15 bits or less; of those that differ in k bits,
// (1 - (1 - k / 256)^16)^16 are: 3 % of 24. The time does not grow with the square of the number of pictures: of
// those that agree in such 16 bits, only the 1,000 before a picture are compared with it. `threads`: 0 = all cores.
std::vector<Duplicate> find_duplicates(std::span<const PictureHash> pictures, const CompareTwo& compare, int threads,
                                       const Progress& progress);

}  // namespace hpcai::data
