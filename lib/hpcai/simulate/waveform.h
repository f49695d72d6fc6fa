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

// The coarsest step in M that holds all frequencies of h22 (Nyquist): IMRPhenomD ends at 0.2 cycles per M, above the ringdown
// frequencies of all binaries in range (0.06 to 0.12).
inline constexpr double kCoarsestStep = 1 / (2 * 0.2);

// Throws Error{usage} if the step of a valid grid exceeds kCoarsestStep, so that its samples do not determine the waveform.
void check_step(const TimeGrid& grid);

// The time at which the free overall phase of a waveform is fixed.
//   peak   h22 is real and positive at t = 0. The merger then varies slowly with the parameters, and the early cycles quickly.
//   start  h22 is real and positive at the first sample, as in a surrogate with its reference time there. The phase of the merger
//          then varies by many cycles over the parameter space.
enum class PhaseReference { peak, start };

// r h22 / M: the dominant mode of the strain h = sum h_lm Y_lm (spin weight -2), computed as the inverse Fourier transform of
// IMRPhenomD (phenomd.h). The peak of |h22| is at t = 0. h22 = A exp(-i phi), where phi increases. The result is a smooth
// function of the three parameters and of time. The error of the transform is below 5e-5 (2e-5 on the published grid). The match
// of the model with numerical relativity without spin (flat noise, -2700 to 80 M, q = 1, 1.5, 3, 8) is 0.9988 to 0.99975, and its
// peak is 0.7 percent too high.
//
// Many threads can use it at once; each call computes on the calling thread only.
class ContinuousWaveform {
 public:
  // Computes the waveform for the times of `grid`. Throws what check(binary) and check(grid) throw.
  ContinuousWaveform(const Binary& binary, const TimeGrid& grid);

  // The values at the times of the grid plus `shift`, [grid.size()]. |shift| <= kMostShift, in M.
  std::vector<std::complex<double>> values(double shift = 0, PhaseReference reference = PhaseReference::peak) const;

  // Their real parts, in less time.
  std::vector<double> real_values(double shift = 0, PhaseReference reference = PhaseReference::peak) const;

  static constexpr double kMostShift = 100;

 private:
  // The coarse samples that values are interpolated from, with their phase at the reference, and the position of the first value.
  struct Part {
    std::vector<std::complex<double>> values;
    double first;
  };
  Part part(double shift, PhaseReference reference) const;

  std::vector<std::complex<double>> coarse_;  // the waveform on a coarse grid
  double coarse_step_;                        // of this grid, in M
  double peak_, first_;                       // positions of the peak and of the first time, in samples of this grid
  double step_;                               // of `grid`, in samples of this grid
  int64_t size_;
};

// ContinuousWaveform(binary, grid).values(0, reference): r h22 / M at the times of `grid`, [grid.size()].
std::vector<std::complex<double>> h22(const Binary& binary, const TimeGrid& grid,
                                      PhaseReference reference = PhaseReference::peak);

// ContinuousWaveform(binary, grid).real_values(0, reference).
std::vector<double> real_h22(const Binary& binary, const TimeGrid& grid, PhaseReference reference = PhaseReference::peak);

}  // namespace hpcai::simulate
