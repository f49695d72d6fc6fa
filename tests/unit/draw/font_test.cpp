#include "hpcai/draw/font.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

using namespace hpcai::draw;

TEST_CASE("every character of the font has its own glyph") {
  std::set<std::array<uint8_t, kGlyphHeight>> glyphs;
  const std::string characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:-+=/%()_<>?#";
  for (const char c : characters) {
    glyphs.insert(glyph(c));
    for (const uint8_t row : glyph(c)) CHECK(row < 32);
  }
  CHECK(glyphs.size() == characters.size());
  CHECK(glyph('k') == glyph('K'));
  CHECK(glyphs.count(glyph('\x80')) == 0);
}
