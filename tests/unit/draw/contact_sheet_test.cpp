#include "hpcai/draw/contact_sheet.h"

#include <catch2/catch.hpp>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>

#include "hpcai/core/error.h"
#include "hpcai/draw/font.h"
#include "hpcai/draw/waveform_sheet.h"

namespace hpcai::draw {
namespace {

Thumbnail plain(int64_t height, int64_t width, uint8_t grey, const std::string& caption = "") {
  Thumbnail thumbnail;
  thumbnail.image.height = height;
  thumbnail.image.width = width;
  thumbnail.image.pixels.assign(static_cast<size_t>(3 * height * width), grey);
  thumbnail.caption = caption;
  return thumbnail;
}

uint8_t at(const Raster& image, int64_t y, int64_t x) { return image.pixels[static_cast<size_t>(3 * (y * image.width + x))]; }

int64_t pixels_of(const Raster& image, uint8_t grey) {
  int64_t count = 0;
  for (size_t i = 0; i < image.pixels.size(); i += 3) count += image.pixels[i] == grey;
  return count;
}

TEST_CASE("A contact sheet holds every thumbnail in its place, magnified, and nothing else") {
  const std::vector<Thumbnail> thumbnails = {plain(8, 6, 50), plain(8, 6, 100), plain(8, 6, 150)};
  const Raster sheet = contact_sheet(thumbnails, 2, 3);
  CHECK(sheet.width == 4 + 2 * (18 + 4));
  CHECK(sheet.height == 4 + 2 * (24 + 4));
  for (const uint8_t grey : {50, 100, 150}) CHECK(pixels_of(sheet, grey) == 8 * 6 * 9);
  CHECK(pixels_of(sheet, 0) == sheet.width * sheet.height - 3 * 8 * 6 * 9);
  CHECK(at(sheet, 4, 4) == 50);
  CHECK(at(sheet, 4, 26) == 100);
  CHECK(at(sheet, 32, 4) == 150);
}

TEST_CASE("Thumbnails of different sizes are centred in cells of the largest") {
  const Raster sheet = contact_sheet(std::vector<Thumbnail>{plain(10, 10, 50), plain(4, 2, 100)}, 2);
  CHECK(at(sheet, 4 + 3, 4 + 10 + 4 + 4) == 100);
  CHECK(at(sheet, 4 + 2, 4 + 10 + 4 + 4) == 0);
  CHECK(pixels_of(sheet, 100) == 8);
}

TEST_CASE("Captions are drawn letter by letter below the image and cut at its edge") {
  const Raster sheet = contact_sheet(std::vector<Thumbnail>{plain(20, 20, 50, "q1.5")}, 5);
  CHECK(sheet.width == 28);
  int64_t lit = 0;
  for (const char c : {'q', '1', '.'}) {  // three characters of six pixels fit
    for (const uint8_t row : glyph(c)) lit += __builtin_popcount(row);
  }
  CHECK(pixels_of(sheet, 210) == lit);
}

TEST_CASE("Every character of the font has its own glyph") {
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

TEST_CASE("Contact sheets without images or of nonsense sizes are refused") {
  const std::vector<Thumbnail> one = {plain(10, 10, 50)};
  CHECK_THROWS_AS(contact_sheet({}, 3), Error);
  CHECK_THROWS_AS(contact_sheet(one, 0), Error);
  CHECK_THROWS_AS(contact_sheet(one, -4), Error);
  CHECK_THROWS_AS(contact_sheet(one, 1, 0), Error);
  CHECK_THROWS_AS(contact_sheet(one, 1, std::numeric_limits<int64_t>::max()), Error);
  CHECK_THROWS_AS(contact_sheet(std::vector<Thumbnail>(3000, one[0]), 3000), Error);
}

WaveformPanel chirp(int64_t count) {
  WaveformPanel panel;
  panel.title = "q = 2, s1 < 0 & s2 > 0";
  for (int64_t i = 0; i < count; ++i) {
    const double t = -1000 + 1130.0 * static_cast<double>(i) / static_cast<double>(count);
    panel.time.push_back(t);
    panel.amplitude.push_back(0.4 * std::exp(-std::abs(t) / 300));
    panel.real.push_back(panel.amplitude.back() * std::cos(0.3 * t));
  }
  return panel;
}

int64_t occurrences(const std::string& text, const std::string& what) {
  int64_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST_CASE("A waveform sheet has a titled panel with three lines and ticks for every waveform") {
  const std::string svg = waveform_sheet_svg(std::vector<WaveformPanel>(5, chirp(300)), 2, "Five <chirps>");
  CHECK(svg.rfind("<svg xmlns=\"http://www.w3.org/2000/svg\"", 0) == 0);
  CHECK(svg.find("</svg>") == svg.size() - 7);
  CHECK(occurrences(svg, "<polyline class=\"real\"") == 5);
  CHECK(occurrences(svg, "<polyline class=\"amplitude\"") == 10);
  CHECK(occurrences(svg, "t / M") == 5);
  CHECK(occurrences(svg, ">-800<") == 5);
  CHECK(occurrences(svg, ">-700<") == 0);
  CHECK(occurrences(svg, ">-0.2<") == 5);
  CHECK(occurrences(svg, "q = 2, s1 &lt; 0 &amp; s2 &gt; 0") == 5);
  CHECK(svg.find("Five &lt;chirps&gt;") != std::string::npos);
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("inf") == std::string::npos);
}

TEST_CASE("A long waveform keeps its extremes in a short line") {
  WaveformPanel panel = chirp(101300);
  panel.real[60000] = 2.5;  // one sample that thinning out would lose
  const std::string svg = waveform_sheet_svg(std::vector<WaveformPanel>{panel}, 1, "long");
  CHECK(svg.size() < 60000);
  // Full height is 1.1 times the largest value; 130 pixels from -1.1 to 1.1, the top at 64.
  const double highest = 64 + 130 * (1.1 - 1) / 2.2;
  char text[32];
  std::snprintf(text, sizeof text, ",%.2f ", highest);
  CHECK(svg.find(text) != std::string::npos);
}

TEST_CASE("A waveform that is zero or has one sample can still be drawn") {
  WaveformPanel flat{"flat", {0, 1}, {0, 0}, {0, 0}}, point{"point", {5}, {1}, {1}};
  const std::string svg = waveform_sheet_svg(std::vector<WaveformPanel>{flat, point}, 4, "");
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("inf") == std::string::npos);
}

TEST_CASE("Waveforms that cannot be drawn are refused by name") {
  const auto refused = [](WaveformPanel panel) {
    panel.title = "panel 7";
    try {
      waveform_sheet_svg(std::vector<WaveformPanel>{panel}, 1, "");
      return false;
    } catch (const Error& error) {
      return error.code() == ExitCode::bad_data && std::string(error.what()).find("panel 7") != std::string::npos;
    }
  };
  CHECK(refused({}));
  CHECK(refused({"", {0, 1}, {0}, {0, 0}}));
  CHECK(refused({"", {1, 1}, {0, 0}, {0, 0}}));
  CHECK(refused({"", {0, 1}, {0, NAN}, {0, 0}}));
  CHECK(refused({"", {0, INFINITY}, {0, 0}, {0, 0}}));
  CHECK_THROWS_AS(waveform_sheet_svg({}, 1, ""), Error);
  CHECK_THROWS_AS(waveform_sheet_svg(std::vector<WaveformPanel>{chirp(9)}, 0, ""), Error);
}

}  // namespace
}  // namespace hpcai::draw
