#pragma once

#include <cstdint>
#include <string_view>

#include "hpcai/config/field.h"
#include "hpcai/data/sources/source.h"
#include "hpcai/data/strain/strain_config.h"

namespace hpcai::data {

// Whitened strain of merging black holes in simulated detectors, with the parameters of the binaries as targets. Training samples
// are drawn anew in every epoch; validation and test samples stay the same.
struct SimulatedStrainConfig : StrainModelConfig {
  static constexpr std::string_view kType = "simulated_strain";
  static constexpr bool kStored = false;
  int64_t train = 100000;
  int64_t validation = 2000;
  int64_t test = 1000;
  int64_t seed = 1;

  void disable_cache() {}  // has none
  bool may_validate() const { return validation > 0; }

  template <class Visitor>
  void describe(Visitor& visitor) {
    StrainModelConfig::describe(visitor);
    constexpr double kMost = 1 << 26;
    visitor.field("train", train, {.help = "Training samples of an epoch.", .min = 1, .max = kMost});
    visitor.field("validation", validation, {.help = "Validation samples.", .min = 0, .max = kMost});
    visitor.field("test", test, {.help = "Test samples.", .min = 0, .max = kMost});
    visitor.field("seed", seed, {.help = "Chooses binaries and noise.", .min = 0});
  }
};

// See source.h.
std::optional<SampleSpec> source_spec(const SimulatedStrainConfig& config);
Splits open_source(const SimulatedStrainConfig& config, const OpenOptions& options);
std::unique_ptr<Dataset> open_source_split(const SimulatedStrainConfig& config, Split split, const NetworkUse& use);
std::unique_ptr<Dataset> open_source_input(const SimulatedStrainConfig& config, const std::filesystem::path& input,
                                           const NetworkUse& use);

}  // namespace hpcai::data
