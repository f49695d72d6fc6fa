#include "hpcai/simulate/strain/prior.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/simulate/strain/binary.h"

namespace hpcai::simulate {

namespace {

double quantile_of(const UniformPriorConfig& p, double u) { return p.min + u * (p.max - p.min); }

double quantile_of(const PowerLawPriorConfig& p, double u) {
  if (p.exponent == -1) return p.min * std::exp(u * std::log(p.max / p.min));
  const double power = 1 + p.exponent, low = std::pow(p.min, power), high = std::pow(p.max, power);
  return std::pow(low + u * (high - low), 1 / power);
}

double quantile_of(const SinePriorConfig& p, double u) {
  const double low = std::cos(p.min), high = std::cos(p.max);
  return std::acos(std::clamp(low - u * (low - high), -1.0, 1.0));
}

double quantile_of(const CosinePriorConfig& p, double u) {
  const double low = std::sin(p.min), high = std::sin(p.max);
  return std::asin(std::clamp(low + u * (high - low), -1.0, 1.0));
}

double quantile_of(const FixedPriorConfig& p, double) { return p.value; }

// Within the range.
double log_density_of(const UniformPriorConfig& p, double) { return -std::log(p.max - p.min); }

double log_density_of(const PowerLawPriorConfig& p, double x) {
  if (p.exponent == -1) return -std::log(x) - std::log(std::log(p.max / p.min));
  const double power = 1 + p.exponent;
  return p.exponent * std::log(x) + std::log(power / (std::pow(p.max, power) - std::pow(p.min, power)));
}

double log_density_of(const SinePriorConfig& p, double x) { return std::log(std::sin(x) / (std::cos(p.min) - std::cos(p.max))); }

double log_density_of(const CosinePriorConfig& p, double x) {
  return std::log(std::cos(x) / (std::sin(p.max) - std::sin(p.min)));
}

double log_density_of(const FixedPriorConfig&, double) { return 0; }

template <class Prior>
std::pair<double, double> range_of(const Prior& p) {
  return {p.min, p.max};
}

std::pair<double, double> range_of(const FixedPriorConfig& p) { return {p.value, p.value}; }

// Why the prior is impossible, or "".
template <class Prior>
std::string fault_of(const Prior& p) {
  if (!std::isfinite(p.min) || !std::isfinite(p.max)) return "is not finite";
  if (p.min >= p.max) return fmt::format("has no values: min = {:g} is not below max = {:g}", p.min, p.max);
  if constexpr (std::is_same_v<Prior, PowerLawPriorConfig>) {
    if (!std::isfinite(p.exponent)) return "is not finite";
    if (p.min < 0) return fmt::format("has a power of negative values: min = {:g}", p.min);
    if (p.min == 0 && p.exponent <= -1) return fmt::format("has an infinite integral: exponent {:g} from min = 0", p.exponent);
  } else if constexpr (std::is_same_v<Prior, SinePriorConfig>) {
    if (p.min < 0 || p.max > std::numbers::pi) return "leaves 0 to pi, where the sine is positive";
  } else if constexpr (std::is_same_v<Prior, CosinePriorConfig>) {
    if (p.min < -std::numbers::pi / 2 || p.max > std::numbers::pi / 2)
      return "leaves -pi/2 to pi/2, where the cosine is positive";
  }
  return "";
}

std::string fault_of(const FixedPriorConfig& p) { return std::isfinite(p.value) ? "" : "is not finite"; }

}  // namespace

double quantile(const PriorConfig& prior, double u) {
  return std::visit([u](const auto& p) { return quantile_of(p, u); }, prior);
}

double log_density(const PriorConfig& prior, double x) {
  const auto [low, high] = range(prior);
  if (!(x >= low && x <= high)) return -std::numeric_limits<double>::infinity();
  return std::visit([x](const auto& p) { return log_density_of(p, x); }, prior);
}

std::pair<double, double> range(const PriorConfig& prior) {
  return std::visit([](const auto& p) { return range_of(p); }, prior);
}

void check(const PriorConfig& prior, const std::string& name) {
  std::string fault = std::visit([](const auto& p) { return fault_of(p); }, prior);
  const auto [low, high] = range(prior);
  const auto [least, most] = physical_range(name);
  const bool zero = least == 0 && std::isinf(most) && low == 0;  // a mass or a distance
  if (fault.empty() && (low < least || high > most)) {
    fault = fmt::format("exceeds the physical range: {:g} to {:g} is not within {:g} to {:g}", low, high, least, most);
  }
  if (fault.empty() && zero && std::holds_alternative<FixedPriorConfig>(prior)) fault = "is zero";
  if (!fault.empty()) {
    throw Error(ExitCode::usage, fmt::format("the prior of {} {}", name, fault), "change its section in the config");
  }
}

}  // namespace hpcai::simulate
