#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hpcai/config/field.h"
#include "hpcai/data/cache_config.h"
#include "hpcai/data/sources/simulated_waveforms.h"
#include "hpcai/data/sources/source.h"
#include "hpcai/simulate/waveform.h"

namespace hpcai::data {

// The mass ratios of a split: a grid, or `count` random points between its ends.
struct MassRatioSetConfig {
  std::string mass_ratio;
  int64_t count = 0;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("mass_ratio", mass_ratio, {.help = "Grid first:stop:step of the mass ratio q, 1 to 10, stop exclusive."});
    visitor.field("count", count,
                  {.help = "Draw this many points uniformly between first and stop; 0 = the grid.", .min = 0, .max = 1 << 28});
  }
};

// Waveforms of numerical relativity without spin, made from the surrogate NR22-A22 when they are needed. Their labels are q, 0,
// 0.
struct NrSurrogate22Config : CacheConfig {
  static constexpr std::string_view kType = "nr_surrogate_22";
  static constexpr bool kStored = false;
  std::string file;
  MassRatioSetConfig train;
  MassRatioSetConfig validation;
  MassRatioSetConfig test;
  double t_min = -2750;
  double t_max = 100;
  double t_step = 0.1;
  simulate::PhaseReference phase_reference = simulate::PhaseReference::peak;
  int64_t seed = 1;

  NrSurrogate22Config() : CacheConfig(4096) {}
  bool may_validate() const { return !validation.mass_ratio.empty(); }

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("file", file, {.help = "The file NR22-A22.h5 of gwsurrogate.", .required = true});
    visitor.field("train", train, {.help = "Mass ratios to train on."});
    visitor.field("validation", validation, {.help = "Mass ratios to validate on; may be left out."});
    visitor.field("test", test, {.help = "Mass ratios to test on; may be left out."});
    visitor.field("t_min", t_min, {.help = "First time; the merger's peak is at 0.", .unit = "M", .min = -2750, .max = 0});
    visitor.field("t_max", t_max, {.help = "End of the times, exclusive.", .unit = "M", .min = 0, .max = 101});
    visitor.field("t_step", t_step, {.help = "Time step.", .unit = "M", .min = 0, .min_excluded = true});
    visitor.field("phase_reference", phase_reference,
                  {.help = "Where h22 is real and positive: at t = 0, or at the first sample."});
    visitor.field("seed", seed, {.help = "Chooses the random points of splits with a count.", .min = 0});
    describe_cache(visitor, "A split is kept in memory up to this size, and made anew for every read above it.");
  }
};

// See source.h.
std::optional<SampleSpec> source_spec(const NrSurrogate22Config& config);
Splits open_source(const NrSurrogate22Config& config, const OpenOptions& options);
std::unique_ptr<Dataset> open_source_split(const NrSurrogate22Config& config, Split split, const NetworkUse& use);
std::unique_ptr<Dataset> open_source_input(const NrSurrogate22Config& config, const std::filesystem::path& input,
                                           const NetworkUse& use);

}  // namespace hpcai::data
