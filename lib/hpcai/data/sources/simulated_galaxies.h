#pragma once

#include <cstdint>
#include <string_view>

#include "hpcai/config/field.h"
#include "hpcai/data/image_transform.h"
#include "hpcai/data/sources/source.h"
#include "hpcai/simulate/galaxy_survey.h"

namespace hpcai::simulate {

inline config::EnumNames<Survey> enum_names(Survey) {
  return {{Survey::sdss, "sdss"}, {Survey::des, "des"}, {Survey::skyserver, "skyserver"}};
}

}  // namespace hpcai::simulate

namespace hpcai::data {

// Elliptical and spiral galaxies of one survey, made when they are needed.
struct SimulatedGalaxiesConfig : CachedImagesConfig {
  static constexpr std::string_view kType = "simulated_galaxies";
  static constexpr bool kStored = false;
  simulate::Survey survey = simulate::Survey::sdss;
  int64_t image_size = 64;
  int64_t train = 2000;
  int64_t validation = 500;
  int64_t test = 500;
  int64_t seed = 1;
  int64_t volunteers = 0;

  SimulatedGalaxiesConfig() : CachedImagesConfig(4096) {}
  bool may_validate() const { return validation > 0; }

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field(
        "survey", survey,
        {.help =
             "Depth, seeing and colours: sdss and des as in Khan et al. (2019), skyserver as in Galaxy Zoo's images of SDSS."});
    visitor.field("image_size", image_size, {.help = "Side of the images.", .unit = "pixels", .min = 16, .max = 1024});
    visitor.field("train", train, {.help = "Training images.", .min = 1});
    visitor.field("validation", validation, {.help = "Validation images; 0 = none.", .min = 0});
    visitor.field("test", test, {.help = "Test images; 0 = none.", .min = 0});
    visitor.field("seed", seed, {.help = "Another seed gives other galaxies.", .min = 0});
    visitor.field("volunteers", volunteers,
                  {.help = "Volunteers whose votes on each galaxy are drawn in place of labels, for loss.type "
                           "dirichlet_multinomial; 0 = labels.",
                   .min = 0,
                   .max = 10000});
    describe_images(visitor, "A split is kept in memory up to this size, and made anew for every read above it.");
  }
};

// See source.h.
std::optional<SampleSpec> source_spec(const SimulatedGalaxiesConfig& config);
Splits open_source(const SimulatedGalaxiesConfig& config, const OpenOptions& options);
std::unique_ptr<Dataset> open_source_split(const SimulatedGalaxiesConfig& config, Split split, const NetworkUse& use);
std::unique_ptr<Dataset> open_source_input(const SimulatedGalaxiesConfig& config, const std::filesystem::path& input,
                                           const NetworkUse& use);

}  // namespace hpcai::data
