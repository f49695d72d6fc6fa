#pragma once

#include <array>
#include <cstdint>

namespace hpcai::draw {

inline constexpr int kGlyphWidth = 5;
inline constexpr int kGlyphHeight = 7;

// The rows of a character from the top; bit 4 is the leftmost pixel. Small letters have the glyphs of capitals. A character
// without a glyph is drawn as a box.
std::array<uint8_t, kGlyphHeight> glyph(char character);

}  // namespace hpcai::draw
