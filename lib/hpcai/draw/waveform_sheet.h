#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hpcai::draw {

// One waveform: series of the same length.
struct WaveformPanel {
  std::string title;               // for example its parameters
  std::vector<double> time;        // units of M, increasing
  std::vector<double> real;        // Re h22
  std::vector<double> amplitude;   // |h22|
  std::vector<double> other = {};  // Re h22 of another waveform, drawn over the first instead of the amplitude; empty: none
};

// An SVG document with one panel for each waveform, `columns` side by side. A panel shows Re h22 and +-|h22| against t/M, with
// ticks, or Re h22 of two waveforms. For long series the extremes in every pixel column are drawn, so that no oscillation is
// lost. Throws Error{usage} without panels or columns. Throws Error{bad_data} that names the panel if its series are empty,
// differ in length or are not finite, or if its times do not increase.
std::string waveform_sheet_svg(std::span<const WaveformPanel> panels, int64_t columns, const std::string& title);

}  // namespace hpcai::draw
