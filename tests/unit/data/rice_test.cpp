#include "hpcai/data/rice.h"

#include <catch2/catch.hpp>
#include <string>

using namespace hpcai::data;

namespace {

// Bits, the first one on top of the first byte.
class BitWriter {
 public:
  BitWriter& add(uint64_t value, int count) {
    for (int i = count - 1; i >= 0; --i) {
      if (used_ % 8 == 0) bytes_.push_back('\0');
      bytes_.back() = static_cast<char>(bytes_.back() | ((value >> i & 1) << (7 - used_ % 8)));
      ++used_;
    }
    return *this;
  }
  BitWriter& zeros(int count) {
    for (int i = 0; i < count; ++i) add(0, 1);
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  int used_ = 0;
};

// Whether the bytes are just enough: they are accepted, and no shorter ones are.
bool are_just_enough(const std::string& bytes, int64_t pixels, int64_t block, int pixel_bytes) {
  for (size_t size = 0; size < bytes.size(); ++size) {
    if (has_rice_codes(bytes.substr(0, size), pixels, block, pixel_bytes)) return false;
  }
  return has_rice_codes(bytes, pixels, block, pixel_bytes) && has_rice_codes(bytes + "more", pixels, block, pixel_bytes);
}

}  // namespace

TEST_CASE("Rice codes are read to their end and not behind it") {
  for (const int pixel_bytes : {1, 2, 4}) {
    CAPTURE(pixel_bytes);
    const int size_bits = pixel_bytes == 1   ? 3
                          : pixel_bytes == 2 ? 4
                                             : 5,
              stored = pixel_bytes == 1   ? 7
                       : pixel_bytes == 2 ? 15
                                          : 26;
    const auto start = [&] { return BitWriter().add(77, 8 * pixel_bytes); };
    CHECK(are_just_enough(start().add(0, size_bits).bytes(), 32, 32, pixel_bytes));                    // all pixels are equal
    CHECK(are_just_enough(start().add(0, size_bits).add(0, size_bits).bytes(), 33, 32, pixel_bytes));  // a block of one pixel
    CHECK(are_just_enough(start().add(stored, size_bits).zeros(8 * pixel_bytes * 5).bytes(), 5, 32, pixel_bytes));
    CHECK(are_just_enough(start().add(1, size_bits).add(1, 1).zeros(9).add(1, 1).bytes(), 2, 16, pixel_bytes));
    CHECK(are_just_enough(start().add(1, size_bits).zeros(200).add(1, 1).zeros(57).add(1, 1).bytes(), 2, 16, pixel_bytes));
    BitWriter bits = start();
    for (int block = 0; block < 40; ++block) {
      bits.add(4, size_bits);  // three bits behind the one
      for (int pixel = 0; pixel < 16; ++pixel) bits.zeros(pixel).add(1, 1).add(5, 3);
    }
    CHECK(are_just_enough(bits.bytes(), 40 * 16, 16, pixel_bytes));
    CHECK_FALSE(has_rice_codes(std::string(500, '\0'), 9000, 1, pixel_bytes));
    CHECK_FALSE(has_rice_codes(start().add(1, size_bits).zeros(10000).bytes(), 2, 16, pixel_bytes));
  }
}

TEST_CASE("Rice codes without a possible size are refused") {
  const std::string bytes(100, '\0');
  CHECK(has_rice_codes(bytes, 16, 16, 4));
  CHECK_FALSE(has_rice_codes(bytes, 0, 16, 4));
  CHECK_FALSE(has_rice_codes(bytes, 16, 0, 4));
  CHECK_FALSE(has_rice_codes(bytes, 16, -1, 4));
  CHECK(has_rice_codes(bytes, 16, int64_t{1} << 40, 4));
  CHECK_FALSE(has_rice_codes("", 1, 16, 2));
  CHECK_FALSE(has_rice_codes("ab", 1, 16, 2));
  const std::string too_large = BitWriter().add(0, 32).add(27, 5).zeros(400).bytes();  // more remainder bits than a code may have
  CHECK_FALSE(has_rice_codes(too_large, 4, 16, 4));
}
