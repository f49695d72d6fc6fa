#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <string_view>
#include <vector>

namespace hpcai::simulate {

// A quasi-circular black-hole binary with spins along the orbital angular momentum.
struct Binary {
  double mass_ratio = 1;  // q = m1 / m2 >= 1
  double spin1 = 0;       // dimensionless spin of the heavier hole
  double spin2 = 0;       // dimensionless spin of the lighter hole
};

// The names of its members, in this order, in every file and table.
inline constexpr std::array<std::string_view, 3> kBinaryParameters = {"q", "s1", "s2"};

inline constexpr double kMaxMassRatio = 8;
inline constexpr double kMaxSpin = 0.8;

// Throws Error{usage} unless 1 <= q <= 8 and |s| <= 0.8, the range in which the waveforms are meant to be used (and
// that of NRHybSur3dq8). Values outside by no more than 1e-6 (labels that went through float32) count as the bound.
void check(const Binary& binary);

// The closest binary inside that range: for the output of a network, which is not bounded.
Binary nearest_valid(const Binary& binary);

// Effective spin (q s1 + s2) / (1 + q).
double chi_eff(const Binary& binary);

// S_eff = (1 + 3 / (4 q)) s1 + (1 + 3 q / 4) s2, the spin combination of the leading effective-one-body spin-orbit term
// in the normalisation of the reference training data.
double s_eff(const Binary& binary);

// Times start, start + step, ... below stop, in units of the total mass M (G = c = 1). The default is the published
// training grid, 101,300 samples.
struct TimeGrid {
  double start = -10000;
  double stop = 130;
  double step = 0.1;

  int64_t size() const;
  double time(int64_t index) const { return start + static_cast<double>(index) * step; }
  bool operator==(const TimeGrid&) const = default;
};

// Throws Error{usage} for a grid that is empty, unbounded or absurdly large.
void check(const TimeGrid& grid);

// Where the free overall phase of a waveform is fixed.
//   peak   h22 is real and positive at t = 0. The merger then varies slowly with the parameters, early cycles quickly.
//   start  h22 is real and positive at the first sample, as when a surrogate is evaluated with its reference there. The
//          phase of the merger then sweeps through many cycles across the parameter space.
enum class PhaseReference { peak, start };

// r h22 / M at the times of `grid`: the dominant mode of strain h = sum h_lm Y_lm (spin weight -2), as the inverse
// Fourier transform of IMRPhenomD (phenomd.h). The peak of |h22| is at t = 0; h22 = A exp(-i phi) with phi growing. A
// smooth function of the three parameters. Errors of the transform stay below 5e-5 (2e-5 on the published grid). The
// model's own match with numerical relativity without spin (flat noise, -2700 to 80 M, q = 1, 1.5, 3, 8) is 0.9988 to
// 0.99975, its peak 0.7 percent above.
//
// Calls may run at once on many threads; each computes on its own thread alone. Throws Error{usage} for a binary outside
// the range above, and for an empty, unbounded or absurdly large grid.
std::vector<std::complex<double>> h22(const Binary& binary, const TimeGrid& grid,
                                      PhaseReference reference = PhaseReference::peak);

}  // namespace hpcai::simulate
