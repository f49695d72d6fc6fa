#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/data/posterior_table.h"
#include "hpcai/data/strain/strain_config.h"
#include "hpcai/inference/importance.h"
#include "hpcai/inference/observation.h"
#include "hpcai/inference/search.h"
#include "hpcai/models/conditional_density.h"

namespace hpcai::inference {

struct EventSettings {
  int64_t draws = 50000;      // whose likelihood is computed
  double distance_power = 2;  // the prior density of the luminosity distance is in proportion to this power of it
  double search_s = 0.1;      // the merger is searched within this time
  uint64_t seed = 1;
  bool use_likelihood = true;
  int threads = 0;  // 0: all cores
};

// What the program says of an event.
struct EventAnswer {
  Trigger trigger;
  Observation observation;        // whose reference time is the trigger's
  Weighted weighted;              // the answer
  Weighted network;               // the first draws, which are the network's own, with the prior of the answer
  double network_efficiency = 0;  // effective samples by draws of these, if they are reweighted with the likelihood
  bool used_likelihood = false;
  std::vector<std::string> flags;  // why the answer may not be trusted, one sentence each
};

// Finds the merger near `gps_s`, draws from the network's density of its parameters, and from a density that adapts to the
// posterior, and weights the draws with the exact likelihood. The event is flagged if its chirp mass seems to lie outside of the
// prior, if the posterior piles up at a bound of a prior, and if few draws carry the weight. Throws Error{bad_data} if there is
// no signal.
EventAnswer answer_event(const data::StrainModelConfig& model, const Recording& recording, models::ConditionalDensity& network,
                         double gps_s, const EventSettings& settings);

// Facts about the answer for programs: the trigger, the effective number of samples, the efficiencies, the evidence, the flags.
nlohmann::json facts_of(const EventAnswer& answer);
// The same as attributes of a file of samples.
std::vector<data::NamedAttribute> metadata_of(const EventAnswer& answer, const std::string& checkpoint);

}  // namespace hpcai::inference
