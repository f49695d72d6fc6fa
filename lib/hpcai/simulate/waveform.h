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

// The names of the members of Binary in files and tables, in this order.
inline constexpr std::array<std::string_view, 3> kBinaryParameters = {"q", "s1", "s2"};

inline constexpr double kMaxMassRatio = 8;
inline constexpr double kMaxSpin = 0.8;

// Throws Error{usage} unless 1 <= q <= 8 and |s| <= 0.8, the range for which the waveforms are intended (it is that of
// NRHybSur3dq8). Values that exceed a bound by at most 1e-6 are accepted, because labels may have been rounded to float32.
void check(const Binary& binary);

// The nearest binary inside that range, for the output of a network, which is not bounded.
Binary nearest_valid(const Binary& binary);

// Times start, start + step, ... below stop, in units of the total mass M (G = c = 1). The default is the published
// training grid, 101,300 samples.
struct TimeGrid {
  double start = -10000;
  double stop = 130;
  double step = 0.1;

  int64_t size() const;  // number of times
  double time(int64_t index) const { return start + static_cast<double>(index) * step; }
  bool operator==(const TimeGrid&) const = default;
};

// Throws Error{usage} for a grid that is empty, not finite, or longer than this program supports.
void check(const TimeGrid& grid);

// The time at which the free overall phase of a waveform is fixed.
//   peak   h22 is real and positive at t = 0. The merger then varies slowly with the parameters, and the early cycles quickly.
//   start  h22 is real and positive at the first sample, as in a surrogate with its reference time there. The phase of the merger
//          then varies by many cycles over the parameter space.
enum class PhaseReference { peak, start };

// r h22 / M at the times of `grid`, [grid.size()]: the dominant mode of the strain h = sum h_lm Y_lm (spin weight -2), computed
// as the inverse Fourier transform of IMRPhenomD (phenomd.h). The peak of |h22| is at t = 0. h22 = A exp(-i phi), where phi
// increases. The result is a smooth function of the three parameters. The error of the transform is below 5e-5 (2e-5 on the
// published grid). The match of the model with numerical relativity without spin (flat noise, -2700 to 80 M, q = 1, 1.5, 3, 8) is
// 0.9988 to 0.99975, and its peak is 0.7 percent too high.
//
// Many threads can call it at once; each call computes on the calling thread only. Throws what check(binary) and check(grid)
// throw.
std::vector<std::complex<double>> h22(const Binary& binary, const TimeGrid& grid,
                                      PhaseReference reference = PhaseReference::peak);

}  // namespace hpcai::simulate
