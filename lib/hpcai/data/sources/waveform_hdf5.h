#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hpcai/config/field.h"
#include "hpcai/data/cache_config.h"
#include "hpcai/data/sources/source.h"
#include "hpcai/simulate/waveform.h"

namespace hpcai::data {

// Waveforms of black-hole mergers in one file a split, or in several.
struct WaveformHdf5Config : CacheConfig {
  static constexpr std::string_view kType = "waveform_hdf5";
  static constexpr bool kStored = true;
  std::string train;
  std::string validation;
  std::string test;
  double t_min = -10000;
  double t_max = 130;
  double t_step = 0.1;

  WaveformHdf5Config() : CacheConfig(0) {}
  bool may_validate() const { return !validation.empty(); }

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field(
        "train", train,
        {.help =
             "HDF5 file with data sets data [n, time] and labels [n, 3] = q, s1, s2; a pattern such as train-*.h5 joins several.",
         .required = true});
    visitor.field("validation", validation, {.help = "File of the validation split; may be left out."});
    visitor.field("test", test, {.help = "File of the test split; may be left out."});
    visitor.field("t_min", t_min, {.help = "Time of the first sample; the merger's peak is at 0.", .unit = "M", .max = 0});
    visitor.field("t_max", t_max, {.help = "End of the times, exclusive.", .unit = "M", .min = 0});
    visitor.field("t_step", t_step, {.help = "Time step.", .unit = "M", .min = 0, .min_excluded = true});
    describe_cache(visitor, "A split is read into memory once if it fits into this.");
  }
};

// See source.h.
std::optional<SampleSpec> source_spec(const WaveformHdf5Config& config);
Splits open_source(const WaveformHdf5Config& config, const OpenOptions& options);
std::unique_ptr<Dataset> open_source_split(const WaveformHdf5Config& config, Split split, const NetworkUse& use);
std::unique_ptr<Dataset> open_source_input(const WaveformHdf5Config& config, const std::filesystem::path& input,
                                           const NetworkUse& use);

// Waveforms of a file for a trained network; its labels may be missing where use.labels_optional.
std::unique_ptr<Dataset> open_waveform_input(const std::filesystem::path& input, const simulate::TimeGrid& grid,
                                             const NetworkUse& use);

}  // namespace hpcai::data
