#include "hpcai/data/strain/strain_priors.h"

#include <algorithm>
#include <numbers>
#include <stdexcept>
#include <variant>

namespace hpcai::data {
namespace {

using simulate::CompactBinary;

constexpr size_t kParameters = simulate::kCompactBinaryParameters.size();

}  // namespace

StrainPriors::StrainPriors(const StrainPriorsConfig& config)
    : priors_{config.chirp_mass,
              config.mass_ratio,
              config.chi_1,
              config.chi_2,
              config.luminosity_distance,
              config.theta_jn,
              config.psi,
              simulate::UniformPriorConfig{0, 2 * std::numbers::pi},
              config.time,
              config.zenith,
              config.azimuth} {
  for (size_t i = 0; i < kParameters; ++i) {
    const std::string name(simulate::kCompactBinaryParameters[i]);
    simulate::check(priors_[i], name);
    if (name == "phase" || std::holds_alternative<simulate::FixedPriorConfig>(priors_[i])) continue;
    const auto [low, high] = simulate::range(priors_[i]);
    inferred_.push_back(i);
    names_.push_back(name);
    ranges_.push_back({low, high});
  }
}

const simulate::PriorConfig& StrainPriors::prior(const std::string& name) const {
  const auto& names = simulate::kCompactBinaryParameters;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw std::logic_error("no parameter of a binary: " + name);
  return priors_[static_cast<size_t>(found - names.begin())];
}

CompactBinary StrainPriors::draw(Random& random) const {
  simulate::CompactBinaryValues values;
  for (size_t i = 0; i < kParameters; ++i) values[i] = simulate::quantile(priors_[i], random.uniform());
  return simulate::compact_binary(values);
}

std::vector<double> StrainPriors::inferred(const CompactBinary& binary) const {
  const simulate::CompactBinaryValues all = simulate::values_of(binary);
  std::vector<double> values;
  for (const size_t i : inferred_) values.push_back(all[i]);
  return values;
}

CompactBinary StrainPriors::binary(std::span<const double> inferred) const {
  simulate::CompactBinaryValues values{};
  for (size_t i = 0; i < kParameters; ++i) {
    if (const auto* fixed = std::get_if<simulate::FixedPriorConfig>(&priors_[i])) values[i] = fixed->value;
  }
  for (size_t i = 0; i < inferred_.size(); ++i) values[inferred_[i]] = inferred[i];
  return simulate::compact_binary(values);
}

double StrainPriors::log_density(std::span<const double> inferred) const {
  double sum = 0;
  for (size_t i = 0; i < inferred_.size(); ++i) sum += simulate::log_density(priors_[inferred_[i]], inferred[i]);
  return sum;
}

}  // namespace hpcai::data
