#include "hpcai/simulate/strain/likelihood.h"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/simulate/strain/chirp_spectrum.h"
#include "hpcai/simulate/strain/projection.h"

namespace hpcai::simulate {

Likelihood::Likelihood(const std::vector<WhitenedData>& detectors, const FrequencyBand& band, double reference_hz,
                       const BaselineFrame& frame)
    : band_(band), reference_hz_(reference_hz), frame_(frame) {
  if (detectors.empty()) throw Error(ExitCode::usage, "likelihood: there are no detectors", "name at least one");
  const auto size = static_cast<size_t>(band.size());
  for (const WhitenedData& given : detectors) {
    if (given.data.re.size() != size || given.data.im.size() != size || given.inverse_asd.size() != size) {
      throw Error(ExitCode::usage,
                  fmt::format("likelihood: the data of {} do not have the {} frequencies of the band", given.detector, size));
    }
    OneDetector one{&detector(given.detector), ComplexSeries(band.size()), std::vector<double>(size)};
    for (size_t i = 0; i < size; ++i) {
      one.weighted.re[i] = given.data.re[i] * given.inverse_asd[i];
      one.weighted.im[i] = -given.data.im[i] * given.inverse_asd[i];
      one.inverse_density[i] = given.inverse_asd[i] * given.inverse_asd[i];
    }
    detectors_.push_back(std::move(one));
  }
}

Likelihood::Terms Likelihood::terms(const CompactBinary& b) const {
  ComplexSeries chirp(band_.size());
  chirp_spectrum(b.chirp_mass, b.mass_ratio, b.chi_1, b.chi_2, b.luminosity_distance, reference_hz_, band_, chirp);
  const Direction direction = frame_.to_earth({b.zenith, b.azimuth});
  std::complex<double> kappa2 = 0;
  double rho2 = 0;
  for (const OneDetector& one : detectors_) {
    const std::complex<double> factor = response(antenna(*one.detector, direction, b.psi), b.theta_jn, 0);
    const double time = arrival_s(b.time_s, *detectors_.front().detector, *one.detector, direction);
    const ChirpSums sums = chirp_sums(chirp, one.weighted, one.inverse_density, time, band_);
    kappa2 += factor * sums.overlap;
    rho2 += std::norm(factor) * sums.power;
  }
  return {kappa2.real(), kappa2.imag(), rho2};
}

double Likelihood::log_ratio(const CompactBinary& binary) const { return log_ratio(terms(binary), binary.phase); }

double Likelihood::log_ratio(const Terms& terms, double phase) {
  return terms.kappa2_re * std::cos(2 * phase) - terms.kappa2_im * std::sin(2 * phase) - terms.rho2 / 2;
}

double Likelihood::log_ratio_phase_marginalised(const Terms& terms) {
  return log_bessel_i0(std::hypot(terms.kappa2_re, terms.kappa2_im)) - terms.rho2 / 2;
}

// The power series, whose terms are positive, and Hankel's asymptotic series, whose smallest terms are below 1e-16 from 20 on.
double log_bessel_i0(double x) {
  double sum = 1, term = 1;
  if (x < 20) {
    for (int k = 1; term > 1e-17 * sum; ++k) {
      term *= x * x / (4.0 * k * k);
      sum += term;
    }
    return std::log(sum);
  }
  for (int k = 1; k <= 16; ++k) {
    term *= (2.0 * k - 1) * (2.0 * k - 1) / (8.0 * k * x);
    sum += term;
  }
  return x - std::log(2 * std::numbers::pi * x) / 2 + std::log(sum);
}

}  // namespace hpcai::simulate
