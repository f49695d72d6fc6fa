#pragma once

#include <complex>
#include <string>
#include <vector>

#include "hpcai/simulate/waveform.h"

namespace hpcai::data {

// A surrogate of r h22 / M of binaries without spin, built from numerical-relativity waveforms: the file NR22-A22.h5 of
// gwsurrogate.
//
//   h22(t) = sum over nodes j of A_j exp(i phi_j) B_j(t),  nu = q / (1 + q)^2,
//   A_j = a0 + a1 nu^a2,  phi_j = b0 + b1 nu + b2 nu^2 + b3 ln nu
//
// As in simulate/waveform.h the phase of h22 decreases. The peak of |h22| is within 0.1 M of t = 0.
class NrSurrogate {
 public:
  static constexpr double kMaxMassRatio = 10;

  // Reads the file. Throws Error{missing_input}, and Error{bad_data} that names the data set that is damaged.
  explicit NrSurrogate(const std::string& file);

  double first_time() const { return times_.front(); }  // in M
  double last_time() const { return times_.back(); }

  // The basis at given times, for amplitudes(): [nodes][times.size()], by cubic splines. Throws Error{usage} for times outside.
  std::vector<std::vector<std::complex<double>>> basis_at(const std::vector<double>& times) const;
  // The factors A_j exp(i phi_j) for a mass ratio. Throws Error{usage} unless 1 <= q <= kMaxMassRatio.
  std::vector<std::complex<double>> amplitudes(double mass_ratio) const;

 private:
  void read(const std::string& file);

  std::string name_;
  std::vector<double> times_;
  std::vector<std::vector<std::complex<double>>> basis_;  // [nodes][times_.size()]
  std::vector<double> amplitude_fit_, phase_fit_;         // [nodes][3], [nodes][4]
};

// Throws Error{usage} unless 1 <= q <= NrSurrogate::kMaxMassRatio.
void check_nr_mass_ratio(double mass_ratio);

}  // namespace hpcai::data
