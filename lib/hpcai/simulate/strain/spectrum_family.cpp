#include "hpcai/simulate/strain/spectrum_family.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string_view>

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/simulate/strain/vector_math.h"

namespace hpcai::simulate {

namespace {

using std::numbers::pi;

constexpr int kNodes = 96;
constexpr int kRipples = 6;          // cosines over the logarithm of the frequency
constexpr double kLowestDrawn = 10;  // Hz
constexpr double kWaveStart = 5;     // Hz; cosines and nodes depend on the frequency alone
constexpr double kSteepest = 40, kMostLines = 1000;
constexpr double kLineReach = 20;  // half widths

void check(const RandomRange& range, std::string_view name, double least, double most = 1e6) {
  if (range.min >= least && range.min <= range.max && range.max <= most) return;
  throw Error(
      ExitCode::usage, fmt::format("noise spectra: {} has no values from {:g} to {:g}", name, range.min, range.max),
      fmt::format("min must not exceed max, must be {}, and max at most {:g}", least > 0 ? "positive" : "at least 0", most));
}

double draw(const RandomRange& range, Random& random) { return random.uniform(range.min, range.max); }

double draw_logarithmic(const RandomRange& range, Random& random) {
  return range.min * std::exp(random.uniform() * std::log(range.max / range.min));
}

NoiseCurve draw_curve(const SpectrumFamilyConfig& config, Random& random) {
  NoiseCurve curve{};
  curve.low_asd = draw_logarithmic(config.low_asd, random);
  curve.low_exponent = draw(config.low_exponent, random);
  curve.mid_asd = draw_logarithmic(config.mid_asd, random);
  curve.mid_exponent = draw(config.mid_exponent, random);
  curve.high_asd = draw_logarithmic(config.high_asd, random);
  curve.corner_hz = draw_logarithmic(config.corner_hz, random);
  return curve;
}

// The logarithm of 1 / sqrt(S) without lines, at kNodes frequencies.
struct Nodes {
  std::array<double, kNodes> frequency, value;
};

HPCAI_EACH_VECTOR_SIZE void set_nodes(const NoiseCurve& curve, const std::array<double, kRipples>& ripple, double lowest,
                                      double ratio, Nodes& nodes) {
  const double low = 2 * std::log(curve.low_asd), mid = 2 * std::log(curve.mid_asd), high = curve.high_asd * curve.high_asd;
  for (int i = 0; i < kNodes; ++i) {
    const double log_f = std::log(lowest) + ratio * i;
    const double f = vector_math::exp(log_f), above = f / curve.corner_hz;
    const double density = vector_math::exp(low - curve.low_exponent * (log_f - std::numbers::ln10 - std::numbers::ln2)) +
                           vector_math::exp(mid - curve.mid_exponent * (log_f - std::log(60.0))) + high * (1 + above * above);
    double value = -0.5 * vector_math::log(density);
    // cos(k x) = 2 cos(x) cos((k - 1) x) - cos((k - 2) x)
    const double twice = 2 * vector_math::sin_cos(pi / 5 * (log_f - std::log(kWaveStart))).cos;
    double before = 1, wave = twice / 2;
    for (int k = 0; k < kRipples; ++k) {
      value -= ripple[k] * wave;
      const double after = twice * wave - before;
      before = wave;
      wave = after;
    }
    nodes.frequency[i] = f;
    nodes.value[i] = value;
  }
}

// Writes exp of the line through two nodes, for the frequencies (first + k) * step.
HPCAI_EACH_VECTOR_SIZE void fill(double first, double step, double slope, double value, int64_t size, double* out) {
  for (int64_t k = 0; k < size; ++k) out[k] = vector_math::exp(value + slope * (first + step * static_cast<double>(k)));
}

HPCAI_EACH_VECTOR_SIZE void add_line(double first, double step, double power, int64_t size, double* inverse_asd) {
  for (int64_t k = 0; k < size; ++k) {
    const double x = first + step * static_cast<double>(k), x2 = x * x;
    inverse_asd[k] /= std::sqrt(1 + power / (1 + x2 * x2));
  }
}

}  // namespace

void check(const SpectrumFamilyConfig& config) {
  constexpr double kPositive = 1e-30;
  check(config.low_asd, "low_asd", kPositive);
  check(config.low_exponent, "low_exponent", 0, kSteepest);
  check(config.mid_asd, "mid_asd", kPositive);
  check(config.mid_exponent, "mid_exponent", 0, kSteepest);
  check(config.high_asd, "high_asd", kPositive);
  check(config.corner_hz, "corner_hz", kPositive);
  check(config.lines, "lines", 0, kMostLines);
  check(config.line_hz, "line_hz", kPositive);
  check(config.line_height, "line_height", kPositive);
}

void draw_whitening(const SpectrumFamilyConfig& config, Random& random, const FrequencyBand& band,
                    std::span<double> inverse_asd) {
  const NoiseCurve curve = draw_curve(config, random);
  std::array<double, kRipples> ripple;
  for (double& wave : ripple) wave = config.ripple * std::sqrt(2.0 / kRipples) * random.normal();
  const double step = band.step_hz, lowest = static_cast<double>(band.first) * step;
  const double highest = static_cast<double>(band.last) * step;
  Nodes nodes;
  set_nodes(curve, ripple, lowest, std::log(highest / lowest) / (kNodes - 1), nodes);
  int64_t next = 0;
  for (int i = 0; i + 1 < kNodes; ++i) {
    const double end = i + 2 == kNodes ? highest : nodes.frequency[i + 1];
    const auto last = std::min(static_cast<int64_t>(std::ceil(end / step)) - band.first, band.size());
    if (last <= next) continue;
    const double slope = (nodes.value[i + 1] - nodes.value[i]) / (nodes.frequency[i + 1] - nodes.frequency[i]);
    fill(band.frequency_hz(next) - nodes.frequency[i], step, slope, nodes.value[i], last - next, inverse_asd.data() + next);
    next = last;
  }
  const auto lines = static_cast<int>(std::lround(draw(config.lines, random)));
  for (int line = 0; line < lines; ++line) {
    const double centre = draw_logarithmic({lowest, highest}, random), width = draw_logarithmic(config.line_hz, random);
    const double height = draw_logarithmic(config.line_height, random);
    const auto begin = std::max<int64_t>(static_cast<int64_t>((centre - kLineReach * width) / step) - band.first, 0);
    const auto end = std::min<int64_t>(static_cast<int64_t>((centre + kLineReach * width) / step) + 1 - band.first, band.size());
    if (begin < end) {
      add_line((band.frequency_hz(begin) - centre) / width, step / width, height * height, end - begin,
               inverse_asd.data() + begin);
    }
  }
}

Spectrum draw_spectrum(const SpectrumFamilyConfig& config, Random& random, double step_hz, double highest_hz) {
  const FrequencyBand band = frequency_band(std::max(kLowestDrawn, step_hz), highest_hz, step_hz);
  Spectrum result{step_hz, std::vector<double>(static_cast<size_t>(band.last))};
  const std::span<double> drawn = std::span(result.density).subspan(static_cast<size_t>(band.first));
  draw_whitening(config, random, band, drawn);
  for (double& value : drawn) value = 1 / (value * value);
  std::fill(result.density.begin(), result.density.begin() + band.first, drawn.front());
  return result;
}

}  // namespace hpcai::simulate
