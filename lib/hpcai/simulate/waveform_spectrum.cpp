#include "hpcai/simulate/waveform_spectrum.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hpcai::simulate {

namespace {

using std::numbers::pi;

// The lead, chosen so that h22 differs from a waveform that starts ten times earlier by less than 5e-5 (2e-5 on the published
// grid). It must exceed several times 1 / sqrt(df/dt), the time over which a chirp spreads.
constexpr double kLead = 2500, kRelativeLead = 0.25;
constexpr double kTaper = 0.6;  // lower end of the taper relative to its upper end
// With the cubic phase the lower end of the taper arrives 2.8 to 3.1 times as early as its upper end.
constexpr double kEarliest = 3.1, kEdge = 1500;
constexpr double kLatestStart = -1000;  // later starts are replaced by this one
constexpr double kUpperTaper = 0.2;     // M f at which IMRPhenomD is usually cut; the amplitude is below 4e-5 of the peak

// A smooth step from 0 to 1, whose derivatives are zero at both ends.
double smooth_step(double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  return 1 / (1 + std::exp(1 / x - 1 / (1 - x)));
}

// The frequency of the inspiral at a time. The search covers the times from about -1e8 M to -150 M or later.
double frequency_at(const PhenomD& model, double time) {
  double low = 1e-4, high = 0.018;
  while (high - low > 1e-12 * high) {
    const double middle = std::sqrt(low * high);
    if (middle <= low || middle >= high) break;
    (model.time(middle) < time ? low : high) = middle;
  }
  return low;
}

}  // namespace

WaveformSpectrum::WaveformSpectrum(const Binary& binary, double start) : model_(binary) {
  const double first = std::min(start, kLatestStart);
  const double lead = first * (1 + kRelativeLead) - kLead;
  earliest_ = kEarliest * lead - kEdge;
  edge_ = frequency_at(model_, lead);
  lowest_ = kTaper * edge_;
  const double step = 1e-4 * edge_;
  const double before = model_.time(edge_ - step), after = model_.time(edge_ + step);
  phase_ = model_.phase(edge_);
  time_ = model_.time(edge_);
  rate_ = (after - before) / (2 * step);
  curvature_ = (after - 2 * time_ + before) / (step * step);
}

std::complex<double> WaveformSpectrum::operator()(double f, double time) const {
  auto [amplitude, phase] = model_.value(f);
  if (f < edge_) {
    const double x = f - edge_;
    phase = phase_ + 2 * pi * x * (time_ + x * (rate_ / 2 + x * curvature_ / 6));
    amplitude *= smooth_step((f - lowest_) / (edge_ - lowest_));
  } else if (f > kUpperTaper) {
    amplitude *= smooth_step((highest_frequency() - f) / (highest_frequency() - kUpperTaper));
  }
  return std::polar(amplitude, phase - 2 * pi * f * time);
}

}  // namespace hpcai::simulate
