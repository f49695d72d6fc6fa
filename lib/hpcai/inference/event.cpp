#include "hpcai/inference/event.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/text.h"
#include "hpcai/data/strain/strain_input.h"
#include "hpcai/data/strain/strain_simulator.h"
#include "hpcai/inference/adaptive_importance.h"
#include "hpcai/inference/posterior.h"

namespace hpcai::inference {
namespace {

constexpr double kLeastSnr = 6;        // of all detectors; noise alone rarely reaches 5.5 in 0.2 s
constexpr double kMuchAtBound = 0.05;  // of the weight
constexpr double kFewEffective = 200;

at::Tensor network_input(const data::StrainModelConfig& model, const Observation& observation) {
  const data::StrainInput input(model);
  at::Tensor values = at::empty({static_cast<int64_t>(observation.detectors.size()), input.length()});
  float* out = values.mutable_data_ptr<float>();
  for (const simulate::WhitenedData& detector : observation.detectors) {
    input.write(detector.data, detector.inverse_asd, out);
    out += input.length();
  }
  return values;
}

// The prior of the answer: that of the training but for the distance.
class AnswerPrior {
 public:
  AnswerPrior(const data::StrainPriors& priors, double distance_power) : priors_(priors) {
    const auto& names = priors.names();
    column_ = static_cast<size_t>(std::ranges::find(names, "luminosity_distance") - names.begin());
    if (column_ == names.size()) return;
    const auto [low, high] = priors.ranges()[column_];
    distance_ = simulate::PowerLawPriorConfig{distance_power, low, high};
    simulate::check(distance_, "luminosity_distance");
  }
  double operator()(const std::vector<double>& inferred) const {
    const double trained = priors_.log_density(inferred);
    if (column_ == inferred.size() || !std::isfinite(trained)) return trained;
    const double distance = inferred[column_];
    return trained - simulate::log_density(priors_.prior("luminosity_distance"), distance) +
           simulate::log_density(distance_, distance);
  }

 private:
  const data::StrainPriors& priors_;
  size_t column_;
  simulate::PriorConfig distance_ = simulate::FixedPriorConfig{};
};

void require_signal(const Trigger& trigger, const Observation& observation, double search_s) {
  if (trigger.snr >= kLeastSnr) return;
  throw Error(ExitCode::bad_data,
              fmt::format("no signal within {:g} s of GPS {:.13g}: the largest signal-to-noise ratio of a template is {:.1f}",
                          search_s, observation.gps_s, trigger.snr),
              "Check --gps, or widen --search. A signal of other masses needs a network that was trained for them.");
}

std::vector<std::string> flags_of(const EventAnswer& answer, const data::StrainPriors& priors) {
  std::vector<std::string> flags;
  if (answer.trigger.outside_prior) {
    const auto [low, high] = simulate::range(priors.prior("chirp_mass"));
    flags.push_back(
        fmt::format("a template of chirp mass {:.1f} fits better than any from {:g} to {:g}, for which the network was "
                    "trained: the answer is not to be trusted",
                    answer.trigger.chirp_mass, low, high));
  }
  for (const char* name : {"chirp_mass", "luminosity_distance", "time"}) {
    const double part = part_at_bounds(answer.weighted, priors, name);
    if (part < kMuchAtBound) continue;
    flags.push_back(
        fmt::format("{:.0f} % of the posterior lie at a bound of the prior of {}: it is cut off there", 100 * part, name));
  }
  if (answer.used_likelihood && answer.weighted.effective_samples < kFewEffective) {
    flags.push_back(fmt::format("only {:.0f} effective samples: take more with --draws, or train the network for longer",
                                answer.weighted.effective_samples));
  }
  return flags;
}

void sample(EventAnswer& answer, models::ConditionalDensity& network, const at::Tensor& input,
            const simulate::Likelihood& likelihood, const data::StrainPriors& priors, const AnswerPrior& prior,
            const EventSettings& settings) {
  const auto log_prior = [&](const std::vector<double>& values) { return prior(values); };
  answer.used_likelihood = settings.use_likelihood;
  if (settings.use_likelihood) {
    AdaptedPosterior adapted =
        adaptive_importance(network, input, settings.draws, likelihood, priors, log_prior, settings.seed, settings.threads);
    answer.weighted = std::move(adapted.posterior);
    answer.network_efficiency = adapted.network.efficiency;
    answer.network = without_likelihood(std::move(adapted.network), priors);
  } else {
    Draws draws = draw(network, input, Proposal(network.dimensions()), settings.draws, settings.seed);
    answer.weighted = with_prior(std::move(draws), likelihood, priors, log_prior, settings.seed, settings.threads);
    answer.network = answer.weighted;
  }
}

}  // namespace

EventAnswer answer_event(const data::StrainModelConfig& model, const Recording& recording, models::ConditionalDensity& network,
                         double gps_s, const EventSettings& settings) {
  const data::StrainPriors priors(model.priors);
  EventAnswer answer;
  const Observation near = recording.observe(gps_s);
  answer.trigger = search(model, near, settings.search_s, settings.threads);
  require_signal(answer.trigger, near, settings.search_s);
  answer.observation = recording.observe(answer.trigger.gps_s);
  const AnswerPrior prior(priors, settings.distance_power);
  const simulate::Likelihood likelihood(answer.observation.detectors, answer.observation.band, model.reference_hz,
                                        data::baseline_of(model));
  sample(answer, network, network_input(model, answer.observation), likelihood, priors, prior, settings);
  answer.flags = flags_of(answer, priors);
  return answer;
}

nlohmann::json facts_of(const EventAnswer& answer) {
  nlohmann::json snrs = nlohmann::json::object(), spectra = nlohmann::json::object();
  for (size_t i = 0; i < answer.observation.detectors.size(); ++i) {
    snrs[answer.observation.detectors[i].detector] = answer.trigger.snrs[i];
    spectra[answer.observation.detectors[i].detector] = answer.observation.spectra[i];
  }
  nlohmann::json facts = {{"gps", answer.trigger.gps_s},
                          {"snr", answer.trigger.snr},
                          {"detector_snr", snrs},
                          {"noise_spectra", spectra},
                          {"draws", answer.weighted.weight.size()},
                          {"effective_samples", answer.weighted.effective_samples},
                          {"efficiency", answer.weighted.efficiency},
                          {"used_likelihood", answer.used_likelihood},
                          {"flags", answer.flags}};
  if (answer.used_likelihood) {
    facts["network_efficiency"] = answer.network_efficiency;
    facts["log_evidence_ratio"] = answer.weighted.log_evidence;
    facts["log_evidence_ratio_error"] = answer.weighted.log_evidence_error;
  }
  return facts;
}

std::vector<data::NamedAttribute> metadata_of(const EventAnswer& answer, const std::string& checkpoint) {
  std::vector<data::NamedAttribute> attributes = {{"checkpoint", printable(checkpoint)}};
  const nlohmann::json facts = facts_of(answer);
  for (const auto& [name, value] : facts.items()) {
    if (value.is_number()) {
      attributes.push_back({name, value.get<double>()});
    } else {
      attributes.push_back({name, value.is_string() ? value.get<std::string>() : json_text(value)});
    }
  }
  return attributes;
}

}  // namespace hpcai::inference
