#pragma once

#include <array>
#include <cstdint>

namespace hpcai::draw {

inline constexpr int kGlyphWidth = 5;
inline constexpr int kGlyphHeight = 7;

// Rows of a character from the top, the leftmost pixel in bit 4. Small letters look like capitals; a character without
// a glyph is a box.
std::array<uint8_t, kGlyphHeight> glyph(char character);

}  // namespace hpcai::draw
