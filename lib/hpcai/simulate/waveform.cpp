#include "hpcai/simulate/waveform.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/simulate/band_limited.h"
#include "hpcai/simulate/fft.h"
#include "hpcai/simulate/waveform_spectrum.h"

namespace hpcai::simulate {

namespace {

constexpr double kTolerance = 1e-6;
constexpr double kFarthest = 1e6;  // M; limits the transform to a few million samples
constexpr double kMostSamples = 1 << 26;
constexpr double kRingdownEnd = 2000;  // M; a gap between the ringdown and the next period of the transform
constexpr int64_t kMargin = 16;        // samples on either side of an interpolated one; more than the interpolation reads
constexpr double kPeakSearch = 200;    // M; the peak is searched at most this far from the time of the model's largest amplitude

void check_range(const char* name, double value, double low, double high) {
  if (value >= low - kTolerance && value <= high + kTolerance) return;
  throw Error(ExitCode::usage, fmt::format("waveform: {} = {:g} lies outside {:g} to {:g}", name, value, low, high),
              "waveforms are offered for mass ratios 1 to 8 and spins -0.8 to 0.8");
}

// A waveform on a coarse grid: samples at most 1 M apart, which is half the spacing that the highest frequency allows, over a
// whole period of the transform. The peak may lie between two samples. Band-limited interpolation computes the values at other
// times.
struct CoarseWaveform {
  std::vector<std::complex<double>> h;
  double first, step;  // times of its samples in M; 0 is that of the model

  double position(double time) const { return (time - first) / step; }
};

CoarseWaveform transform(const WaveformSpectrum& spectrum, double stop, double step) {
  const double first = spectrum.earliest(), last = std::max(stop + kPeakSearch, kRingdownEnd);
  const int64_t size = fft_length(static_cast<int64_t>((last - first) / step));
  const double bin = 1 / (static_cast<double>(size) * step);
  std::vector<std::complex<double>> bins(size);
  const auto lowest = static_cast<int64_t>(std::ceil(spectrum.lowest_frequency() / bin));
  const auto highest = static_cast<int64_t>(WaveformSpectrum::highest_frequency() / bin);
  for (int64_t k = lowest; k <= highest; ++k) {
    bins[k] = bin * spectrum(static_cast<double>(k) * bin, first);
  }
  return {fft(bins), first, step};
}

double peak_position(const CoarseWaveform& wave) {
  const auto from = static_cast<int64_t>(wave.position(-kPeakSearch));
  const auto to = static_cast<int64_t>(wave.position(kPeakSearch));
  const auto larger = [](const auto& a, const auto& b) { return std::norm(a) < std::norm(b); };
  const auto peak = std::max_element(wave.h.begin() + from, wave.h.begin() + to, larger);
  return refine_peak(wave.h, peak - wave.h.begin());
}

}  // namespace

void check(const TimeGrid& grid) {
  const auto fail = [&grid](const char* reason) {
    throw Error(ExitCode::usage,
                fmt::format("waveform: the time grid from {:g} to {:g} M in steps of {:g} M {}", grid.start, grid.stop, grid.step,
                            reason),
                "start must be at least -1e6, stop larger than start and at most 1e6, step positive: -10000, 130, 0.1");
  };
  const bool finite = std::isfinite(grid.start) && std::isfinite(grid.stop) && std::isfinite(grid.step);
  if (!finite || grid.step <= 0 || grid.stop <= grid.start) fail("is empty");
  if (grid.start < -kFarthest || grid.stop > kFarthest) fail("is too long");
  if ((grid.stop - grid.start) / grid.step > kMostSamples) fail("has too many samples");
}

void check_step(const TimeGrid& grid) {
  if (grid.step <= kCoarsestStep) return;
  throw Error(ExitCode::usage,
              fmt::format("waveform: a time step of {:g} M is too coarse: h22 has frequencies up to {:g} cycles per M", grid.step,
                          1 / (2 * kCoarsestStep)),
              fmt::format("A step of {:g} M or less holds them all.", kCoarsestStep));
}

void check(const Binary& binary) {
  check_range("mass ratio q", binary.mass_ratio, 1, kMaxMassRatio);
  check_range("spin s1", binary.spin1, -kMaxSpin, kMaxSpin);
  check_range("spin s2", binary.spin2, -kMaxSpin, kMaxSpin);
}

Binary nearest_valid(const Binary& binary) {
  return {std::clamp(binary.mass_ratio, 1.0, kMaxMassRatio), std::clamp(binary.spin1, -kMaxSpin, kMaxSpin),
          std::clamp(binary.spin2, -kMaxSpin, kMaxSpin)};
}

// The tolerance prevents that (stop - start) / step, which is a whole number for most grids, is rounded up to the next one.
int64_t TimeGrid::size() const { return static_cast<int64_t>(std::ceil((stop - start) / step - 1e-6)); }

ContinuousWaveform::ContinuousWaveform(const Binary& binary, const TimeGrid& grid) {
  check(binary);
  check(grid);
  // The coarse step is a whole multiple of the grid's step, or the grid's step a whole multiple of the coarse one.
  const double parts = grid.step < 1 ? std::floor(1 / grid.step) : 1 / std::ceil(grid.step);
  const WaveformSpectrum spectrum(nearest_valid(binary), grid.start);
  CoarseWaveform wave = transform(spectrum, grid.stop, grid.step * parts);
  peak_ = peak_position(wave);
  first_ = peak_ + grid.start / wave.step;
  coarse_ = std::move(wave.h);
  coarse_step_ = wave.step;
  step_ = 1 / parts;
  size_ = grid.size();
}

ContinuousWaveform::Part ContinuousWaveform::part(double shift, PhaseReference reference) const {
  if (!(std::abs(shift) <= kMostShift)) throw std::invalid_argument("ContinuousWaveform: the shift is too large");
  const double first = first_ + shift / coarse_step_, last = first + static_cast<double>(size_ - 1) * step_;
  const std::complex<double> origin = interpolate(coarse_, reference == PhaseReference::start ? first : peak_);
  const std::complex<double> turn = std::conj(origin) / std::abs(origin);
  const auto from = std::max<int64_t>(static_cast<int64_t>(first) - kMargin, 0);
  const auto to = std::min(static_cast<int64_t>(last) + kMargin, static_cast<int64_t>(coarse_.size()));
  Part part{{coarse_.begin() + from, coarse_.begin() + to}, first - static_cast<double>(from)};
  for (std::complex<double>& value : part.values) value *= turn;
  return part;
}

std::vector<std::complex<double>> ContinuousWaveform::values(double shift, PhaseReference reference) const {
  const Part wave = part(shift, reference);
  return interpolate(wave.values, wave.first, step_, size_);
}

std::vector<double> ContinuousWaveform::real_values(double shift, PhaseReference reference) const {
  const Part wave = part(shift, reference);
  std::vector<double> real(wave.values.size());
  std::ranges::transform(wave.values, real.begin(), [](const std::complex<double>& value) { return value.real(); });
  return interpolate(real, wave.first, step_, size_);
}

std::vector<std::complex<double>> h22(const Binary& binary, const TimeGrid& grid, PhaseReference reference) {
  return ContinuousWaveform(binary, grid).values(0, reference);
}

std::vector<double> real_h22(const Binary& binary, const TimeGrid& grid, PhaseReference reference) {
  return ContinuousWaveform(binary, grid).real_values(0, reference);
}

}  // namespace hpcai::simulate
