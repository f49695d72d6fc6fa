#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/checkpoint/safetensors.h"

namespace hpcai::checkpoint {

// One tensor in the header of a safetensors file.
struct Entry {
  std::string name;
  at::ScalarType type;
  std::vector<int64_t> shape;
  uint64_t begin = 0;  // bytes from the start of the data
  uint64_t end = 0;
};

// Reads the JSON header of a file with `data_size` bytes of data. It proves that the tensors fill these bytes without gaps and
// overlaps. Returns the entries in the order of their names. Throws std::runtime_error with the violation.
std::vector<Entry> parse_header(std::string_view json, uint64_t data_size, Metadata& metadata);

}  // namespace hpcai::checkpoint
