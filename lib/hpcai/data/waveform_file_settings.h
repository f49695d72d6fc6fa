#pragma once

#include <cstdint>

#include "hpcai/config/field.h"
#include "hpcai/data/shards.h"
#include "hpcai/data/sources/simulated_waveforms.h"
#include "hpcai/data/sources/waveform_set.h"
#include "hpcai/simulate/waveform.h"

namespace hpcai::data {

enum class WaveformPrecision { float32, float64 };

inline config::EnumNames<WaveformPrecision> enum_names(WaveformPrecision) {
  return {{WaveformPrecision::float32, "float32"}, {WaveformPrecision::float64, "float64"}};
}

// What `generate waveforms` makes: the keys of its config.
struct WaveformFileSettings {
  WaveformSetConfig set;
  simulate::TimeGrid grid;
  simulate::PhaseReference phase_reference = simulate::PhaseReference::peak;
  WaveformPrecision precision = WaveformPrecision::float64;
  int64_t seed = 1;
  int64_t shards = 0;

  template <class Visitor>
  void describe(Visitor& visitor) {
    set.describe(visitor);
    visitor.field("t_min", grid.start, {.help = "First time; the merger's peak is at 0.", .unit = "M"});
    visitor.field("t_max", grid.stop, {.help = "End of the times, exclusive.", .unit = "M"});
    visitor.field("t_step", grid.step, {.help = "Time step.", .unit = "M", .min = 0, .min_excluded = true});
    visitor.field("phase_reference", phase_reference,
                  {.help = "Where h22 is real and positive: at the peak, or at the first sample."});
    visitor.field("dtype", precision, {.help = "float64 as published, or float32."});
    visitor.field("seed", seed, {.help = "Chooses the random points of a set with a count.", .min = 0});
    visitor.field("shards", shards,
                  {.help = "Files of equal size to write; 0 = as few as keep each below 4 GB.", .min = 0, .max = kMostShards});
  }
};

// Fills ranges that are left out with those of the published training set, unless `set` names a file of parameters.
void fill_in_published(WaveformSetConfig& set);

}  // namespace hpcai::data
