#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace hpcai {

// The purpose of a random stream. Streams of different purposes never overlap. The numbers affect the results of trainings, so
// they must never change.
enum class Purpose : uint32_t {
  shuffle = 1,
  augment = 2,
  dropout = 3,
  simulate = 4,
  initialise = 5,
  test = 6,
  crop = 7,
  draw = 8,
  noise = 9,
  colour = 10,
  search = 11
};

// Counter-based random numbers, Philox4x32-10 (Salmon et al. 2011). A stream is a pure function of (seed, epoch, index, purpose),
// so threads, ranks and restarts do not affect the numbers. `index` must be below 2^48 and `epoch` below 2^32.
class Random {
 public:
  // Starts the stream of (seed, epoch, index, purpose).
  Random(uint64_t seed, uint64_t epoch, uint64_t index, Purpose purpose);

  uint32_t bits();                          // 32 uniform bits
  double uniform();                         // [0, 1), 53 bits
  double uniform(double low, double high);  // [low, high)
  double normal();                          // mean 0, standard deviation 1
  uint64_t below(uint64_t n);               // 0 .. n - 1 without bias; n > 0
  bool coin();

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
  bool has_spare_ = false;
  double spare_ = 0;
};

// Returns one Philox4x32-10 block. A test compares it with the published test vectors.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// Returns the numbers 0 .. n - 1 in the order of (seed, epoch), by a Fisher-Yates shuffle.
std::vector<int64_t> permutation(int64_t n, uint64_t seed, uint64_t epoch);

}  // namespace hpcai
