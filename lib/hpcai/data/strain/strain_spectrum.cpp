#include "hpcai/data/strain/strain_spectrum.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "hpcai/core/error.h"
#include "hpcai/simulate/fft.h"

namespace hpcai::data {
namespace {

constexpr double kTolerance = 0.01;  // of a sample; see StrainFile::read

[[noreturn]] void refuse(const Strain& strain, const std::string& cause) {
  const double end = strain.start_gps_s + static_cast<double>(strain.values.size()) / strain.rate_hz;
  throw Error(ExitCode::usage,
              fmt::format("strain of {} from GPS {:.13g} to {:.13g} at {:g} Hz: {}", strain.detector, strain.start_gps_s, end,
                          strain.rate_hz, cause),
              "Change the segment's time or length, or the highest frequency.");
}

}  // namespace

std::vector<double> tukey_window(int64_t count, double taper) {
  std::vector<double> window(static_cast<size_t>(count), 1);
  const double rise = taper / 2 * static_cast<double>(count - 1);  // samples
  for (int64_t i = 0; static_cast<double>(i) < rise && i < count; ++i) {
    const double value = 0.5 - 0.5 * std::cos(std::numbers::pi * static_cast<double>(i) / rise);
    window[static_cast<size_t>(i)] = window[static_cast<size_t>(count - 1 - i)] = value;
  }
  return window;
}

std::vector<std::complex<double>> spectrum_of(const Strain& strain, double start_gps_s, double duration_s, double tukey_rise_s,
                                              double highest_hz) {
  const auto count = static_cast<int64_t>(std::llround(duration_s * strain.rate_hz));
  if (count < 2 || std::abs(duration_s * strain.rate_hz - static_cast<double>(count)) > 1e-6) {
    refuse(strain, fmt::format("{:g} s are no whole number of samples", duration_s));
  }
  if (!(tukey_rise_s >= 0 && 2 * tukey_rise_s <= duration_s)) {
    refuse(strain, fmt::format("a window that rises in {:g} s does not fit into {:g} s", tukey_rise_s, duration_s));
  }
  if (!(highest_hz > 0 && highest_hz < strain.rate_hz / 2)) {
    refuse(strain, fmt::format("{:g} Hz are not below half the rate", highest_hz));
  }
  const double offset = (start_gps_s - strain.start_gps_s) * strain.rate_hz;
  const auto first = static_cast<int64_t>(std::floor(offset + kTolerance));
  if (!(offset >= -kTolerance) || first + count > static_cast<int64_t>(strain.values.size())) {
    refuse(strain, fmt::format("{:g} s from GPS {:.13g} on are not in it", duration_s, start_gps_s));
  }
  const std::vector<double> window = tukey_window(count, 2 * tukey_rise_s / duration_s);
  std::vector<std::complex<double>> windowed(window.size());
  for (size_t i = 0; i < window.size(); ++i) windowed[i] = window[i] * strain.values[static_cast<size_t>(first) + i];
  std::vector<std::complex<double>> spectrum = simulate::fft(windowed);
  spectrum.resize(static_cast<size_t>(std::floor(highest_hz * duration_s + 1e-9)) + 1);
  const double early_s = (offset - static_cast<double>(first)) / strain.rate_hz;  // of the first sample
  for (size_t k = 0; k < spectrum.size(); ++k) {
    const double turns = static_cast<double>(k) / duration_s * early_s;
    spectrum[k] *= std::polar(1 / strain.rate_hz, 2 * std::numbers::pi * turns);
  }
  return spectrum;
}

}  // namespace hpcai::data
