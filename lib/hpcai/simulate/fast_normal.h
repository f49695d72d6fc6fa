#pragma once

#include <cstdint>

#include "hpcai/core/random.h"

namespace hpcai::simulate {

// Standard normal numbers, several times faster than Random::normal. The inverse transform has 4096 equally likely values; a word
// of random bits gives two of them. The largest value is 3.7 sigma: this is not visible in 8-bit images,
// nor in sums of many of the numbers, such as the series of a spectrum of noise.
class FastNormal {
 public:
  explicit FastNormal(Random random) : random_(random) {}
  float operator()();                               // the next number
  const Random& random() const { return random_; }  // where it goes on

 private:
  Random random_;
  bool has_spare_ = false;
  uint32_t word_ = 0;
};

}  // namespace hpcai::simulate
