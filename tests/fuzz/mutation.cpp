#include "mutation.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace fuzz {
namespace {

using hpcai::Random;
using namespace std::string_view_literals;

constexpr size_t kLongestInput = 1 << 20;

constexpr std::array kNumbers = {uint64_t{0},       uint64_t{1},          uint64_t{0x7F},    uint64_t{0x80},
                                 uint64_t{0xFF},    uint64_t{64},         uint64_t{0x7FFF},  uint64_t{0x8000},
                                 uint64_t{0xFFFF},  uint64_t{0x7FFFFFFF}, uint64_t{1} << 31, uint64_t{0xFFFFFFFF},
                                 ~uint64_t{0} >> 1, uint64_t{1} << 63,    ~uint64_t{0}};

constexpr std::array kWords = {"\n"sv,
                               "\r\n"sv,
                               "\0"sv,
                               "\x1b[31m"sv,
                               "\xff"sv,
                               "\xc3\xa9"sv,
                               "\xef\xbb\xbf"sv,
                               "\xe2\x80\xae"sv,
                               ","sv,
                               ";"sv,
                               "\t"sv,
                               "\""sv,
                               "'"sv,
                               "#"sv,
                               ": "sv,
                               "- "sv,
                               "&a "sv,
                               "*a"sv,
                               "{"sv,
                               "}"sv,
                               "["sv,
                               "]"sv,
                               "[1-9]"sv,
                               "-"sv,
                               "nan"sv,
                               "inf"sv,
                               "null"sv,
                               "1e308"sv,
                               "-1"sv,
                               "1e-400"sv,
                               "99999999999999999999"sv,
                               "0x1p3"sv,
                               "../"sv,
                               "/dev/zero"sv,
                               "true"sv,
                               "base: "sv};

size_t place(const std::string& text, Random& random) { return random.below(text.size() + 1); }

std::string_view part_of(const std::string& text, Random& random) {
  const size_t begin = place(text, random);
  const size_t most = random.coin() ? 16 : text.size();
  return std::string_view(text).substr(begin, random.below(most + 1));
}

void write_number(std::string& text, Random& random) {
  const size_t width = size_t{1} << random.below(4);
  if (text.size() < width) return;
  const size_t at = random.below(text.size() - width + 1);
  const uint64_t value = kNumbers[random.below(kNumbers.size())];
  const bool big_endian = random.coin();
  for (size_t i = 0; i < width; ++i) {
    const size_t shift = 8 * (big_endian ? width - 1 - i : i);
    text[at + i] = static_cast<char>(value >> shift);
  }
}

void change_byte(std::string& text, Random& random) {
  if (text.empty()) return;
  char& byte = text[random.below(text.size())];
  byte = static_cast<char>(random.coin() ? byte ^ (1 << random.below(8)) : random.below(256));
}

void change(std::string& text, const std::vector<std::string>& seeds, Random& random) {
  switch (random.below(8)) {
    case 0:
    case 1: return change_byte(text, random);
    case 2: return write_number(text, random);
    case 3: text.erase(place(text, random), random.below(32)); return;
    case 4: text.insert(place(text, random), kWords[random.below(kWords.size())]); return;
    case 5: text.insert(place(text, random), std::string(part_of(text, random))); return;
    case 6: text.insert(place(text, random), part_of(seeds[random.below(seeds.size())], random)); return;
    default:
      if (random.below(8) == 0) text.resize(place(text, random));
  }
}

}  // namespace

std::string mutation(const std::vector<std::string>& seeds, Random& random) {
  std::string text = seeds[random.below(seeds.size())];
  for (uint64_t left = 1 + random.below(8); left > 0; --left) change(text, seeds, random);
  text.resize(std::min(text.size(), kLongestInput));
  return text;
}

}  // namespace fuzz
