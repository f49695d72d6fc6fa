#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "hpcai/core/random.h"
#include "hpcai/data/strain/strain_config.h"
#include "hpcai/simulate/strain/binary.h"

namespace hpcai::data {

// The prior of binaries, and which of their parameters are inferred: all but the phase and those with a fixed value.
class StrainPriors {
 public:
  // Throws Error{usage} if a prior is empty or not possible.
  explicit StrainPriors(const StrainPriorsConfig& config);

  const std::vector<std::string>& names() const { return names_; }              // of the inferred parameters
  const std::vector<std::array<double, 2>>& ranges() const { return ranges_; }  // of the inferred parameters
  const simulate::PriorConfig& prior(const std::string& name) const;            // of any parameter but the phase

  // A binary whose phase is uniform; takes eleven numbers of `random`.
  simulate::CompactBinary draw(Random& random) const;
  // The inferred parameters, [names()].
  std::vector<double> inferred(const simulate::CompactBinary& binary) const;
  // The binary with these inferred parameters, the fixed ones, and phase 0.
  simulate::CompactBinary binary(std::span<const double> inferred) const;
  // The logarithm of the density of the inferred parameters; minus infinity outside of the prior.
  double log_density(std::span<const double> inferred) const;

 private:
  std::vector<simulate::PriorConfig> priors_;  // as simulate::kCompactBinaryParameters, with a uniform phase
  std::vector<size_t> inferred_;               // their numbers
  std::vector<std::string> names_;
  std::vector<std::array<double, 2>> ranges_;
};

}  // namespace hpcai::data
