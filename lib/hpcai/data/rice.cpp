#include "hpcai/data/rice.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace hpcai::data {
namespace {

constexpr int kWindow = 57;  // bits that are sure to be read at once from any position: 64 less a part of a byte

// Bits from `at` on, the first one on top, and ones behind the end.
uint64_t bits_from(std::string_view bytes, int64_t at) {
  const auto byte = std::min(bytes.size(), static_cast<size_t>(at / 8));
  const size_t there = std::min(sizeof(uint64_t), bytes.size() - byte);
  uint64_t bits = ~uint64_t{0};
  if (there == sizeof bits) {
    std::memcpy(&bits, bytes.data() + byte, sizeof bits);
  } else {
    std::memcpy(&bits, bytes.data() + byte, there);
  }
  if constexpr (std::endian::native == std::endian::little) bits = __builtin_bswap64(bits);
  return bits << (at % 8);
}

// The position behind the codes of `count` pixels: zeros, a one, and a remainder of `length` bits each. A position behind the end
// of the bytes is not exact.
int64_t skip_codes(std::string_view bytes, int64_t at, int64_t count, int length) {
  const auto end = static_cast<int64_t>(8 * bytes.size());
  while (count > 0 && at <= end) {
    uint64_t bits = bits_from(bytes, at);
    int left = kWindow;
    for (; count > 0; --count) {
      const int used = std::countl_zero(bits) + 1 + length;
      if (used > left) break;
      bits <<= used;
      left -= used;
    }
    at += kWindow - left;
    if (left < kWindow || count == 0) continue;
    int zeros = std::min(kWindow, std::countl_zero(bits));  // a code longer than the window
    while (zeros == kWindow && at <= end) {
      at += kWindow;
      zeros = std::min(kWindow, std::countl_zero(bits_from(bytes, at)));
    }
    at += zeros + 1 + length;
    --count;
  }
  return at;
}

}  // namespace

bool has_rice_codes(std::string_view bytes, int64_t pixels, int64_t block, int pixel_bytes) {
  if (pixels < 1 || block < 1) return false;
  const int size_bits = pixel_bytes == 1 ? 3 : pixel_bytes == 2 ? 4 : 5;  // of the number before a block
  const int stored = pixel_bytes == 1 ? 7 : pixel_bytes == 2 ? 15 : 26;   // the number that means: no codes but whole values
  const auto end = static_cast<int64_t>(8 * bytes.size());
  int64_t at = 8 * pixel_bytes;
  while (pixels > 0) {
    if (at + size_bits > end) return false;
    const auto number = static_cast<int>(bits_from(bytes, at) >> (64 - size_bits));
    at += size_bits;
    if (number > stored) return false;
    const int64_t count = std::min(block, pixels);
    if (number == stored) {
      at += 8 * pixel_bytes * count;
    } else if (number > 0) {  // 0: no pixel differs from the one before it
      at = skip_codes(bytes, at, count, number - 1);
    }
    pixels -= count;
  }
  return at <= end;
}

}  // namespace hpcai::data
