#pragma once

#include <fitsio.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <vector>

namespace hpcai::data::test {

struct PackedFits {
  int method = RICE_1;
  int bits = SHORT_IMG;                // BITPIX
  std::vector<long> sides = {50, 30};  // width first
  std::vector<long> tile = {20, 7};
  float step = 4;  // to which floats are rounded; 0 keeps them as they are
  int dither = NO_DITHER;
};

inline double packed_value(size_t i) { return static_cast<double>((i * 2654435761U >> 16) % 101 + i % 20); }

template <class Value>
void write_packed_values(fitsfile* file, int type, size_t count, int& status) {
  std::vector<Value> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<Value>(packed_value(i));
  fits_write_img(file, type, 1, static_cast<LONGLONG>(count), values.data(), &status);
}

// A file by CFITSIO with one image in tiles, whose values packed_value gives.
inline std::string write_packed_fits(const PackedFits& about) {
  size_t size = 2880, count = 1;
  void* memory = std::malloc(size);
  fitsfile* file = nullptr;
  int status = 0;
  for (const long side : about.sides) count *= static_cast<size_t>(side);
  fits_create_memfile(&file, &memory, &size, 2880, std::realloc, &status);
  fits_set_compression_type(file, about.method, &status);
  fits_set_tile_dim(file, static_cast<int>(about.tile.size()), const_cast<long*>(about.tile.data()), &status);
  fits_set_quantize_level(file, -about.step, &status);
  if (about.dither != NO_DITHER) fits_set_quantize_method(file, about.dither, &status);
  fits_create_img(file, about.bits, static_cast<int>(about.sides.size()), const_cast<long*>(about.sides.data()), &status);
  if (about.bits == BYTE_IMG) write_packed_values<unsigned char>(file, TBYTE, count, status);
  if (about.bits == SHORT_IMG) write_packed_values<short>(file, TSHORT, count, status);
  if (about.bits == LONG_IMG) write_packed_values<int>(file, TINT, count, status);
  if (about.bits == FLOAT_IMG) write_packed_values<float>(file, TFLOAT, count, status);
  if (about.bits == DOUBLE_IMG) write_packed_values<double>(file, TDOUBLE, count, status);
  fits_close_file(file, &status);
  REQUIRE(status == 0);
  std::string bytes(static_cast<char*>(memory), size);
  std::free(memory);
  return bytes;
}

}  // namespace hpcai::data::test
