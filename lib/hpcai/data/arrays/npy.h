#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hpcai::data {

// The element types of numpy that are read: bool, integers, and floats of 2, 4 and 8 bytes.
enum class NpyType { boolean, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16, float32, float64 };

// The header of a .npy file (NEP 1, versions 1 to 3).
struct NpyHeader {
  NpyType type = NpyType::float32;
  bool big_endian = false;
  std::vector<int64_t> shape;
  size_t data_at = 0;  // where the values begin

  size_t width() const;      // bytes of a value
  int64_t row_size() const;  // values in a row, which is a slice along the first dimension
  int64_t values() const;    // of the whole array
};

// Reads the header at the start of a file of `file_size` bytes. Nothing is executed: arrays of Python objects, texts, records and
// complex numbers are refused, and so are arrays in Fortran's order and without rows. Throws Error{bad_data} that begins with
// `where`.
NpyHeader parse_npy_header(std::string_view start, uint64_t file_size, const std::string& where);

inline constexpr size_t kLongestNpyHeader = (1 << 16) + 12;  // bytes at the start that hold it

// Converts `count` values as they are stored.
void convert_npy(const NpyHeader& header, const char* bytes, int64_t count, float* out);
void convert_npy(const NpyHeader& header, const char* bytes, int64_t count, double* out);

}  // namespace hpcai::data
