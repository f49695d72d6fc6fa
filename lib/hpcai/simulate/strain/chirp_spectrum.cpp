#include "hpcai/simulate/strain/chirp_spectrum.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "hpcai/simulate/phenomd.h"
#include "hpcai/simulate/strain/binary.h"
#include "hpcai/simulate/strain/units.h"
#include "hpcai/simulate/strain/vector_math.h"

namespace hpcai::simulate {

namespace {

using std::numbers::pi;
using Pieces = PhenomD::Pieces;

constexpr double kLastFrequency = 0.2;  // in units of 1 / M
constexpr int64_t kRampBlock = 256;     // frequencies whose intermediate results stay in the nearest cache

// Frequencies (index + k) * step in units of 1 / M and what the formulas need of them. v = (pi f)^(1/3).
struct Block {
  double f[kRampBlock];
  double log_v[kRampBlock];
  double root[kRampBlock];  // v^(-1/4)
  double phase[kRampBlock], amplitude[kRampBlock];
};

// Writes f, log_v and root.
HPCAI_EACH_VECTOR_SIZE void set_frequencies(double first, double step, int size, Block& block) {
  for (int i = 0; i < size; ++i) {
    const double f = first + step * i;
    const double log_v = vector_math::log(pi * f) / 3;
    block.f[i] = f;
    block.log_v[i] = log_v;
    block.root[i] = vector_math::exp(-log_v / 4);
  }
}

// The powers of v that the formulas share.
struct Powers {
  double inverse, v;  // v^-1, v
  Powers(double f, double root) {
    const double square = root * root;
    inverse = square * square;
    v = pi * f * inverse * inverse;
  }
};

HPCAI_EACH_VECTOR_SIZE void inspiral_phase(const Pieces& p, int begin, int end, Block& block) {
  for (int i = begin; i < end; ++i) {
    const Powers power(block.f[i], block.root[i]);
    double sum = p.phase_in_v[11];
    for (int k = 10; k >= 0; --k) sum = sum * power.v + p.phase_in_v[k];
    const double inverse2 = power.inverse * power.inverse;
    block.phase[i] = sum * inverse2 * inverse2 * power.inverse + (p.phase_log[0] + p.phase_log[1] * power.v) * block.log_v[i] -
                     p.origin_slope * block.f[i];
  }
}

HPCAI_EACH_VECTOR_SIZE void intermediate_phase(const Pieces& p, int begin, int end, Block& block) {
  const double value = p.intermediate_value - p.intermediate_log * std::log(pi), slope = p.intermediate_slope - p.origin_slope;
  for (int i = begin; i < end; ++i) {
    const Powers power(block.f[i], block.root[i]);
    const double inverse_f = pi * power.inverse * power.inverse * power.inverse;
    block.phase[i] = value + slope * block.f[i] + 3 * p.intermediate_log * block.log_v[i] +
                     p.intermediate_cube * inverse_f * inverse_f * inverse_f;
  }
}

HPCAI_EACH_VECTOR_SIZE void ringdown_phase(const Pieces& p, int begin, int end, Block& block) {
  const double slope = p.ringdown_slope - p.origin_slope, root = p.ringdown_root * std::pow(pi, 0.25);
  const double inverse_width = 1 / p.arc_width;
  for (int i = begin; i < end; ++i) {
    const double f = block.f[i], r = block.root[i];
    const Powers power(f, r);
    const double inverse_f = pi * power.inverse * power.inverse * power.inverse;
    block.phase[i] = p.ringdown_value + slope * f + p.ringdown_inverse * inverse_f + root * f * (r * r * r) +
                     p.ringdown_arc * vector_math::atan((f - p.arc_centre) * inverse_width);
  }
}

HPCAI_EACH_VECTOR_SIZE void inspiral_amplitude(const Pieces& p, int begin, int end, Block& block) {
  for (int i = begin; i < end; ++i) {
    const double v = Powers(block.f[i], block.root[i]).v;
    double sum = p.amplitude_in_v[9];
    for (int k = 8; k >= 0; --k) sum = sum * v + p.amplitude_in_v[k];
    block.amplitude[i] = sum;
  }
}

HPCAI_EACH_VECTOR_SIZE void intermediate_amplitude(const Pieces& p, int begin, int end, Block& block) {
  for (int i = begin; i < end; ++i) {
    double sum = p.intermediate_newton[4];
    for (int k = 3; k >= 0; --k) sum = sum * (block.f[i] - p.intermediate_node[k]) + p.intermediate_newton[k];
    block.amplitude[i] = sum;
  }
}

HPCAI_EACH_VECTOR_SIZE void ringdown_amplitude(const Pieces& p, int begin, int end, Block& block) {
  for (int i = begin; i < end; ++i) {
    const double x = block.f[i] - p.ring_frequency;
    block.amplitude[i] = p.ring_height / (x * x + p.ring_width * p.ring_width) * vector_math::exp(-p.ring_decay * x);
  }
}

// h = scale f^(-7/6) amplitude exp(-i (phase - phase_origin)).
HPCAI_EACH_VECTOR_SIZE void combine(const Block& block, double scale, double phase_origin, int size, double* re, double* im) {
  for (int i = 0; i < size; ++i) {
    const double r = block.root[i], r2 = r * r, r4 = r2 * r2;
    const double amplitude = scale * block.amplitude[i] * (r4 * r4 * r4) * r2;  // v^(-7/2)
    const vector_math::SinCos turn = vector_math::sin_cos(phase_origin - block.phase[i]);
    re[i] = amplitude * turn.cos;
    im[i] = amplitude * turn.sin;
  }
}

// Applies the formula of a piece to those frequencies that it is for, and returns where the next piece begins.
template <class Formula>
int apply(const Formula& formula, const Pieces& pieces, int begin, double last, int size, Block& block) {
  const int end = static_cast<int>(std::lower_bound(block.f + begin, block.f + size, last) - block.f);
  if (end > begin) formula(pieces, begin, end, block);
  return end;
}

}  // namespace

void chirp_spectrum(double chirp_mass, double mass_ratio, double chi_1, double chi_2, double distance_mpc, double reference_hz,
                    const FrequencyBand& band, ComplexSpan out) {
  const double mass = chirp_mass * total_mass_of_chirp_mass(mass_ratio) * kSolarMassSeconds;
  const PhenomD model(holes(mass_ratio, chi_1, chi_2));
  Pieces pieces = model.pieces();
  pieces.origin_slope -= pieces.lal_slope;
  const double reference = reference_hz * mass, phase_origin = model.phase(reference) + pieces.lal_slope * reference;
  const double unit = std::sqrt(5 / pi) / 4 * mass * mass / (distance_mpc * kMegaparsecSeconds);  // of the face-on binary
  const double scale = unit * pieces.leading_amplitude * pi;                                      // 1 / (f sqrt(v)) = pi v^(-7/2)
  const auto last = static_cast<int64_t>(std::min(kLastFrequency / (mass * band.step_hz), static_cast<double>(band.last)));
  const double step = band.step_hz * mass, infinity = std::numeric_limits<double>::infinity();
  Block block;
  int64_t bin = band.first;
  for (; bin < last; bin += kRampBlock) {
    const int size = static_cast<int>(std::min(kRampBlock, last - bin));
    set_frequencies(static_cast<double>(bin) * step, step, size, block);
    int next = apply(inspiral_phase, pieces, 0, pieces.inspiral_phase_end, size, block);
    next = apply(intermediate_phase, pieces, next, pieces.ringdown_phase_start, size, block);
    apply(ringdown_phase, pieces, next, infinity, size, block);
    next = apply(inspiral_amplitude, pieces, 0, pieces.inspiral_amplitude_end, size, block);
    next = apply(intermediate_amplitude, pieces, next, pieces.peak_frequency, size, block);
    apply(ringdown_amplitude, pieces, next, infinity, size, block);
    combine(block, scale, phase_origin, size, out.re.data() + (bin - band.first), out.im.data() + (bin - band.first));
  }
  const auto written = std::max<int64_t>(last - band.first, 0);
  std::fill(out.re.begin() + written, out.re.begin() + band.size(), 0.0);
  std::fill(out.im.begin() + written, out.im.begin() + band.size(), 0.0);
}

}  // namespace hpcai::simulate
