#pragma once

#include <cstddef>

namespace hpcai::data {

inline constexpr size_t kMostKeptBytes = size_t{1} << 26;

// One use of memory that a thread keeps for the next: a string or a vector. When the use ends, what is larger than kMostKeptBytes
// is freed, so that no thread keeps the memory of its largest image for good.
template <class Memory>
class ReusedMemory {
 public:
  explicit ReusedMemory(Memory& memory) : memory_(memory) {}
  ~ReusedMemory() {
    if (memory_.capacity() * sizeof(typename Memory::value_type) > kMostKeptBytes) Memory().swap(memory_);
  }
  ReusedMemory(const ReusedMemory&) = delete;
  ReusedMemory& operator=(const ReusedMemory&) = delete;

 private:
  Memory& memory_;
};

}  // namespace hpcai::data
