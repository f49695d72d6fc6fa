#include "hpcai/data/strain/strain_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numeric>

#include "hpcai/core/error.h"
#include "hpcai/simulate/fft.h"

namespace hpcai::data {
namespace {

constexpr double kRoundingError_s = 1e-9;
// The amplitude of the noise is told as the logarithm to base 10 in units of this one, 1/sqrt(Hz), times kAmplitudeScale.
constexpr double kUsualAmplitude = 1e-23, kAmplitudeScale = 2;

constexpr double kUsualRate = 4096;  // Hz

bool is_whole(double value) { return std::abs(value - std::round(value)) < 1e-6; }

[[noreturn]] void refuse(size_t number, const StrainWindowConfig& window, const std::string& cause, const std::string& remedy) {
  throw Error(ExitCode::usage,
              fmt::format("data.windows[{}], from {:g} s to {:g} s at {:g} Hz, {}", number, window.start_s, window.end_s,
                          window.rate_hz, cause),
              remedy);
}

void check(size_t number, const StrainWindowConfig& window, const StrainModelConfig& config) {
  if (!(window.end_s > window.start_s)) refuse(number, window, "is empty", "Set end_s above start_s.");
  const double first = config.after_s - config.duration_s + kStrainTaper, last = config.after_s - kStrainTaper;
  if (window.start_s < first - kRoundingError_s || window.end_s > last + kRoundingError_s) {
    refuse(number, window,
           fmt::format("leaves the time from {:g} s to {:g} s, in which measured data are not faded in or out", first, last),
           "Change the window, data.duration_s or data.after_s.");
  }
  if (window.rate_hz <= 2 * config.low_hz) {
    refuse(number, window, fmt::format("has no frequency from data.low_hz, {:g}, on", config.low_hz), "Raise its rate_hz.");
  }
  if (!is_whole(config.duration_s * window.rate_hz)) {
    refuse(number, window, fmt::format("has no whole number of samples in data.duration_s, {:g} s", config.duration_s),
           "Choose a rate_hz that is a multiple of 1 / duration_s.");
  }
}

simulate::FrequencyBand band_of(const StrainModelConfig& config) {
  if (config.after_s >= config.duration_s) {
    throw Error(ExitCode::usage,
                fmt::format("data.after_s {:g} is not less than data.duration_s {:g}", config.after_s, config.duration_s),
                "The time that is asked for must lie in the analysed data.");
  }
  if (config.likelihood_high_hz < config.high_hz) {
    throw Error(
        ExitCode::usage,
        fmt::format("data.likelihood_high_hz {:g} is less than data.high_hz {:g}", config.likelihood_high_hz, config.high_hz),
        "The likelihood needs all frequencies that the network sees.");
  }
  if (!is_whole(config.duration_s * kUsualRate)) {
    throw Error(ExitCode::usage,
                fmt::format("data.duration_s {:g} is no whole number of samples of measured strain, at {:g} Hz",
                            config.duration_s, kUsualRate),
                "Take a whole number of seconds.");
  }
  return simulate::frequency_band(config.low_hz, config.high_hz, 1 / config.duration_s);
}

}  // namespace

StrainInput::StrainInput(const StrainModelConfig& config) : band_(band_of(config)) {
  if (config.windows.empty()) throw Error(ExitCode::usage, "data.windows is empty", "Name at least one window.");
  for (size_t i = 0; i < config.windows.size(); ++i) {
    const StrainWindowConfig& window = config.windows[i];
    check(i, window, config);
    const auto first = static_cast<int64_t>(std::llround(window.start_s * window.rate_hz));
    const auto last = static_cast<int64_t>(std::llround(window.end_s * window.rate_hz));
    windows_.push_back({std::llround(config.duration_s * window.rate_hz), first, last - first});
    length_ += last - first;
  }
  const auto fastest = std::ranges::max_element(config.windows, {}, &StrainWindowConfig::rate_hz);
  if (config.high_hz > fastest->rate_hz / 2) {
    throw Error(ExitCode::usage,
                fmt::format("data.windows are too coarse for data.high_hz {:g}: the largest rate_hz is {:g}", config.high_hz,
                            fastest->rate_hz),
                "Give a window whose rate_hz is at least twice high_hz, or lower high_hz.");
  }
  const double ratio =
      std::log(config.high_hz / config.low_hz) / static_cast<double>(std::max<int64_t>(1, config.spectrum_values));
  for (int64_t i = 0; i <= config.spectrum_values; ++i) {
    const double edge_hz = config.low_hz * std::exp(ratio * static_cast<double>(i));
    edges_.push_back(std::clamp<int64_t>(std::llround(edge_hz * config.duration_s) - band_.first, 0, band_.size()));
  }
  if (std::ranges::adjacent_find(edges_, std::greater_equal<>()) != edges_.end()) {
    throw Error(ExitCode::usage,
                fmt::format("data.spectrum_values {}: some of these bands have no frequency of the analysed data",
                            config.spectrum_values),
                "Lower it, or analyse a longer time.");
  }
  length_ += config.spectrum_values;
}

void StrainInput::write(const simulate::ConstComplexSpan& whitened, std::span<const double> inverse_amplitude, float* out) const {
  for (const Window& window : windows_) {
    write_window(window, whitened, out);
    out += window.count;
  }
  for (size_t i = 0; i + 1 < edges_.size(); ++i) {
    const auto values = inverse_amplitude.subspan(static_cast<size_t>(edges_[i]), static_cast<size_t>(edges_[i + 1] - edges_[i]));
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    *out++ = static_cast<float>(-kAmplitudeScale * std::log10(mean * kUsualAmplitude));
  }
}

// The inverse transform of the frequencies below half the rate; its first sample is the origin of time.
void StrainInput::write_window(const Window& window, const simulate::ConstComplexSpan& whitened, float* out) const {
  thread_local std::vector<std::complex<float>> spectrum;
  thread_local std::vector<float> series;
  spectrum.assign(static_cast<size_t>(window.samples / 2 + 1), 0);
  series.resize(static_cast<size_t>(window.samples));
  const double scale = std::sqrt(2 * band_.step_hz * static_cast<double>(window.samples));
  const int64_t last = std::min(band_.last, (window.samples + 1) / 2);
  for (int64_t k = band_.first; k < last; ++k) {
    const auto i = static_cast<size_t>(k - band_.first);
    spectrum[static_cast<size_t>(k)] = {static_cast<float>(scale * whitened.re[i]), static_cast<float>(scale * whitened.im[i])};
  }
  simulate::inverse_real_fft(spectrum, series);
  for (int64_t i = window.first; i < window.first + window.count; ++i) {
    *out++ = series[static_cast<size_t>(i < 0 ? i + window.samples : i)];
  }
}

}  // namespace hpcai::data
