#include "hpcai/draw/waveform_sheet.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>

#include "hpcai/core/error.h"

using namespace hpcai;
using namespace hpcai::draw;

namespace {

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

}  // namespace

TEST_CASE("a waveform sheet has a titled panel with three lines and ticks for every waveform") {
  const std::string svg = waveform_sheet_svg(std::vector<WaveformPanel>(5, chirp(300)), 2, "Five <chirps>");
  CHECK(svg.find("<svg xmlns=\"http://www.w3.org/2000/svg\"") != std::string::npos);
  CHECK(svg.find("</svg>") == svg.size() - 7);
  CHECK(occurrences(svg, "stroke=\"#0072B2\"") == 5);
  CHECK(occurrences(svg, "stroke=\"#D55E00\"") == 10);
  CHECK(occurrences(svg, "t / M") == 5);
  CHECK(occurrences(svg, ">-800<") == 5);
  CHECK(occurrences(svg, ">-700<") == 0);
  CHECK(occurrences(svg, ">-0.2<") == 5);
  CHECK(occurrences(svg, "q = 2, s1 &lt; 0 &amp; s2 &gt; 0") == 5);
  CHECK(svg.find("Five &lt;chirps&gt;") != std::string::npos);
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("inf") == std::string::npos);
}

TEST_CASE("a long waveform keeps its extremes in a short line") {
  WaveformPanel panel = chirp(101300);
  panel.real[60000] = 2.5;  // one sample that thinning out would lose
  const std::string svg = waveform_sheet_svg(std::vector<WaveformPanel>{panel}, 1, "long");
  CHECK(svg.size() < 60000);
  // Full height is 1.1 times the largest value; 130 pixels from -1.1 to 1.1, the top at 64.
  const double highest = 64 + 130 * (1.1 - 1) / 2.2;
  char text[32];
  std::snprintf(text, sizeof text, " %.1fL", highest);
  CHECK(svg.find(text) != std::string::npos);
}

TEST_CASE("a waveform that is zero or has one sample can still be drawn") {
  WaveformPanel flat{"flat", {0, 1}, {0, 0}, {0, 0}}, point{"point", {5}, {1}, {1}};
  const std::string svg = waveform_sheet_svg(std::vector<WaveformPanel>{flat, point}, 4, "");
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("inf") == std::string::npos);
}

TEST_CASE("waveforms that cannot be drawn are refused by name") {
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

TEST_CASE("two waveforms are drawn over each other, without amplitudes") {
  WaveformPanel panel = chirp(300);
  for (const double value : panel.real) panel.other.push_back(-2 * value);
  const std::string svg = waveform_sheet_svg(std::vector<WaveformPanel>{panel}, 1, "two");
  CHECK(occurrences(svg, "stroke=\"#0072B2\"") == 1);
  CHECK(occurrences(svg, "stroke=\"#D55E00\"") == 1);
  panel.other.pop_back();
  CHECK_THROWS_AS(waveform_sheet_svg(std::vector<WaveformPanel>{panel}, 1, "two"), Error);
  panel.other.push_back(NAN);
  CHECK_THROWS_AS(waveform_sheet_svg(std::vector<WaveformPanel>{panel}, 1, "two"), Error);
}
