#pragma once

#include <cstdint>
#include <optional>
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

// An array of texts: numpy's types U (four bytes a character) and S (one byte).
struct NpyTexts {
  int64_t count = 0;
  size_t length = 0;      // characters of a text, the shorter ones filled up with zeros
  size_t bytes_each = 1;  // of a character
  bool big_endian = false;
  size_t data_at = 0;
};

// The header of an array [n] of texts; nothing if it has other values. Throws Error{bad_data} that begins with `where`.
std::optional<NpyTexts> parse_npy_texts(std::string_view start, uint64_t file_size, const std::string& where);

// The texts of `bytes`, which begin at data_at, in UTF-8.
std::vector<std::string> convert_npy_texts(const NpyTexts& header, const char* bytes);

// Reads the header at the start of a file of `file_size` bytes. Nothing is executed: arrays of Python objects, texts, records and
// complex numbers are refused, and so are arrays in Fortran's order and without rows. Throws Error{bad_data} that begins with
// `where`.
NpyHeader parse_npy_header(std::string_view start, uint64_t file_size, const std::string& where);

inline constexpr size_t kLongestNpyHeader = (1 << 16) + 12;  // bytes at the start that hold it

// Converts `count` values as they are stored.
void convert_npy(const NpyHeader& header, const char* bytes, int64_t count, float* out);
void convert_npy(const NpyHeader& header, const char* bytes, int64_t count, double* out);

}  // namespace hpcai::data
