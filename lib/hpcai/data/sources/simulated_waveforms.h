#pragma once

#include <cstdint>
#include <string_view>

#include "hpcai/config/field.h"
#include "hpcai/data/cache_config.h"
#include "hpcai/data/sources/source.h"
#include "hpcai/data/sources/waveform_set.h"
#include "hpcai/simulate/waveform.h"

namespace hpcai::simulate {

inline config::EnumNames<PhaseReference> enum_names(PhaseReference) {
  return {{PhaseReference::peak, "peak"}, {PhaseReference::start, "start"}};
}

}  // namespace hpcai::simulate

namespace hpcai::data {

// Waveforms of black-hole mergers, made when they are needed.
struct SimulatedWaveformsConfig : CacheConfig {
  static constexpr std::string_view kType = "simulated_waveforms";
  static constexpr bool kStored = false;
  WaveformSetConfig train;
  WaveformSetConfig validation;
  WaveformSetConfig test;
  double t_min = -10000;
  double t_max = 130;
  double t_step = 0.1;
  simulate::PhaseReference phase_reference = simulate::PhaseReference::peak;
  int64_t seed = 1;

  SimulatedWaveformsConfig() : CacheConfig(4096) {}
  bool may_validate() const { return !is_empty(validation); }

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("train", train, {.help = "Waveforms to train on."});
    visitor.field("validation", validation, {.help = "Waveforms to validate on; may be left out."});
    visitor.field("test", test, {.help = "Waveforms to test on; may be left out."});
    visitor.field("t_min", t_min, {.help = "First time; the merger's peak is at 0.", .unit = "M", .max = 0});
    visitor.field("t_max", t_max, {.help = "End of the time grid, exclusive.", .unit = "M", .min = 0});
    visitor.field("t_step", t_step, {.help = "Time step.", .unit = "M", .min = 0, .min_excluded = true});
    visitor.field("phase_reference", phase_reference,
                  {.help = "Where h22 is real and positive: at the peak, or at the first sample."});
    visitor.field("seed", seed, {.help = "Chooses the random points of splits with a count.", .min = 0});
    describe_cache(visitor, "A split is kept in memory up to this size, and made anew for every read above it.");
  }
};

// See source.h.
std::optional<SampleSpec> source_spec(const SimulatedWaveformsConfig& config);
Splits open_source(const SimulatedWaveformsConfig& config, const OpenOptions& options);
std::unique_ptr<Dataset> open_source_split(const SimulatedWaveformsConfig& config, Split split, const NetworkUse& use);
std::unique_ptr<Dataset> open_source_input(const SimulatedWaveformsConfig& config, const std::filesystem::path& input,
                                           const NetworkUse& use);

}  // namespace hpcai::data
