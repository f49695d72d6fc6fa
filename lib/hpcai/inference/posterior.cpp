#include "hpcai/inference/posterior.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "hpcai/core/random.h"
#include "hpcai/data/strain/strain_simulator.h"
#include "hpcai/simulate/strain/baseline_frame.h"
#include "hpcai/simulate/strain/binary.h"
#include "hpcai/simulate/strain/detector.h"
#include "hpcai/simulate/strain/sidereal_time.h"

namespace hpcai::inference {
namespace {

constexpr uint64_t kHalfTurnStream = 3;
constexpr double kNearBound = 0.02;  // of a prior's range

double wrapped(double angle, double period) { return angle - period * std::floor(angle / period); }

// Whether the polarisation angle is inferred in half of its range, beyond which waveforms repeat with another phase.
bool is_folded(const simulate::PriorConfig& psi) {
  const auto [low, high] = simulate::range(psi);
  return std::abs(high - low - std::numbers::pi / 2) < 1e-6;
}

// Makes the rows of a table.
class Rows {
 public:
  Rows(const data::StrainModelConfig& model, double gps_s)
      : priors_(model.priors),
        gps_s_(gps_s),
        first_(*data::detectors_of(model).front()),
        frame_(data::baseline_of(model)),
        folded_(is_folded(priors_.prior("psi"))) {}

  std::vector<std::string> names() const {
    std::vector<std::string> names(simulate::kCompactBinaryParameters.begin(), simulate::kCompactBinaryParameters.end());
    for (const char* name : {"chi_eff", "mass_1", "mass_2", "total_mass", "ra", "dec"}) names.emplace_back(name);
    names.push_back(std::string(first_.name) + "_time");
    names.emplace_back("geocent_time");
    return names;
  }

  // `half_turn`: psi and psi + pi/2 have the same waveform at phases that differ by pi/2; one of them is taken at random.
  void add(const std::vector<double>& inferred, double phase, bool half_turn, std::vector<double>& row) const {
    simulate::CompactBinary binary = priors_.binary(inferred);
    const double turn = folded_ && half_turn ? std::numbers::pi / 2 : 0;
    binary.psi = wrapped(binary.psi + turn, std::numbers::pi);
    binary.phase = wrapped(phase + turn, 2 * std::numbers::pi);
    const simulate::CompactBinaryValues values = simulate::values_of(binary);
    row.insert(row.end(), values.begin(), values.end());
    const auto [first, second] = simulate::component_masses(binary);
    const simulate::Direction direction = frame_.to_earth({binary.zenith, binary.azimuth});
    const double time = gps_s_ + binary.time_s;
    const double right_ascension = wrapped(direction.longitude + simulate::sidereal_time(time), 2 * std::numbers::pi);
    row.insert(row.end(), {simulate::chi_eff(binary), first, second, first + second, right_ascension, direction.latitude, time,
                           time - simulate::delay_s(first_, direction)});
  }

 private:
  data::StrainPriors priors_;
  double gps_s_;
  const simulate::Detector& first_;
  simulate::BaselineFrame frame_;
  bool folded_;
};

}  // namespace

data::PosteriorTable posterior_table(const Weighted& weighted, const data::StrainModelConfig& model, double gps_s, int64_t count,
                                     uint64_t seed) {
  const Rows rows(model, gps_s);
  data::PosteriorTable table;
  table.parameters = rows.names();
  table.columns = {{"log_likelihood", {}}, {"log_prior", {}}, {"log_density", {}}};
  Random random(seed, kHalfTurnStream, 0, Purpose::draw);
  for (const int64_t chosen : resample(weighted.weight, count, seed)) {
    const auto i = static_cast<size_t>(chosen);
    rows.add(weighted.draws.values[i], weighted.phase[i], random.coin(), table.samples);
    table.columns[0].values.push_back(weighted.log_likelihood[i]);
    table.columns[1].values.push_back(weighted.log_prior[i]);
    table.columns[2].values.push_back(weighted.draws.log_density[i]);
  }
  return table;
}

std::vector<double> values_of(const data::PosteriorTable& table, const std::string& parameter) {
  const auto found = std::ranges::find(table.parameters, parameter);
  if (found == table.parameters.end()) throw std::out_of_range("a posterior without " + parameter);
  std::vector<double> values;
  for (auto at = static_cast<size_t>(found - table.parameters.begin()); at < table.samples.size();
       at += table.parameters.size()) {
    values.push_back(table.samples[at]);
  }
  return values;
}

std::vector<std::string> posterior_parameters(const data::StrainModelConfig& model) { return Rows(model, 0).names(); }

nlohmann::json interval_of(const data::PosteriorTable& table, const std::string& parameter) {
  std::vector<double> values = values_of(table, parameter);
  std::ranges::sort(values);
  const auto quantile = [&](double part) {
    return values[static_cast<size_t>(part * static_cast<double>(values.size() - 1) + 0.5)];
  };
  return {{"median", quantile(0.5)}, {"low", quantile(0.05)}, {"high", quantile(0.95)}};
}

double part_at_bounds(const Weighted& weighted, const data::StrainPriors& priors, const std::string& parameter) {
  const auto found = std::ranges::find(priors.names(), parameter);
  if (found == priors.names().end()) return 0;
  const auto column = static_cast<size_t>(found - priors.names().begin());
  const auto [low, high] = priors.ranges()[column];
  const double margin = kNearBound * (high - low);
  double part = 0;
  for (size_t i = 0; i < weighted.weight.size(); ++i) {
    const double value = weighted.draws.values[i][column];
    if (value < low + margin || value > high - margin) part += weighted.weight[i];
  }
  return part;
}

}  // namespace hpcai::inference
