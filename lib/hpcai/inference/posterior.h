#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/data/posterior_table.h"
#include "hpcai/data/strain/strain_config.h"
#include "hpcai/data/strain/strain_priors.h"
#include "hpcai/inference/importance.h"

namespace hpcai::inference {

// `count` samples of equal weight from weighted draws of the event at `gps_s`: the inferred parameters, the phase, and what
// follows from them: chi_eff, mass_1, mass_2, total_mass (solar masses, detector frame), the right ascension ra and the
// declination dec (rad), <first detector>_time and geocent_time (GPS, s). Further columns: log_likelihood, log_prior, log_density
// (the network's).
data::PosteriorTable posterior_table(const Weighted& weighted, const data::StrainModelConfig& model, double gps_s, int64_t count,
                                     uint64_t seed);

// The names of the parameters of such a table.
std::vector<std::string> posterior_parameters(const data::StrainModelConfig& model);

// The median and the quantiles 5 % and 95 % of a column: {"median", "low", "high"}. Throws std::out_of_range for an unknown name.
nlohmann::json interval_of(const data::PosteriorTable& table, const std::string& parameter);

// The values of a parameter, [samples]. Throws std::out_of_range for an unknown name.
std::vector<double> values_of(const data::PosteriorTable& table, const std::string& parameter);

// The part of the weight whose values of a parameter lie within 2 % of its prior's range from a bound, which tells that a
// posterior is cut off by the prior. 0 for a parameter that is not inferred.
double part_at_bounds(const Weighted& weighted, const data::StrainPriors& priors, const std::string& parameter);

}  // namespace hpcai::inference
