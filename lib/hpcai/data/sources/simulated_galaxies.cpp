#include "hpcai/data/sources/simulated_galaxies.h"

#include <fmt/format.h>

#include <cstring>

#include "hpcai/core/parallel.h"
#include "hpcai/data/class_names.h"
#include "hpcai/data/image_set.h"
#include "hpcai/data/sources/image_input.h"
#include "hpcai/data/sources/simulated_votes.h"
#include "hpcai/data/wrappers/augmented_images.h"
#include "hpcai/data/wrappers/cached_images.h"
#include "hpcai/simulate/galaxy.h"
#include "hpcai/simulate/galaxy_draw.h"

namespace hpcai::data {
namespace {

std::vector<std::string> class_names_of(const SimulatedGalaxiesConfig& config) {
  return config.volunteers > 0 ? std::vector<std::string>{} : galaxy_class_names();
}

// Objects [first, first + size) of the sky `seed`.
class SimulatedGalaxies : public ImageSet {
 public:
  // `votes`: those on each galaxy if the config asks for them, whose labels are then not known.
  SimulatedGalaxies(std::string name, const SimulatedGalaxiesConfig& config, int64_t first, std::vector<int64_t> labels,
                    const std::vector<std::vector<float>>& votes)
      : ImageSet(config.image_size, config.image_size, class_names_of(config), std::move(labels)),
        name_(std::move(name)),
        survey_(config.survey),
        seed_(static_cast<uint64_t>(config.seed)),
        first_(first) {
    if (config.volunteers > 0) set_truth(answer_names(simulated_questions()), votes);
  }

  std::string id(int64_t index) const override { return std::to_string(first_ + index); }
  std::string where(int64_t index) const override { return fmt::format("{}, simulated galaxy {}", name_, first_ + index); }
  void make_pixels(int64_t index, uint8_t* out) const override {
    const auto image = simulate::render(survey_, static_cast<int>(width()), seed_, static_cast<uint64_t>(first_ + index));
    std::memcpy(out, image.pixels.data(), image.pixels.size());
  }

 private:
  std::string name_;
  simulate::Survey survey_;
  uint64_t seed_;
  int64_t first_;
};

}  // namespace

std::optional<SampleSpec> source_spec(const SimulatedGalaxiesConfig& config) {
  return image_spec(config.image_size, config.image_size, class_names_of(config), config.transform.scaling,
                    config.volunteers > 0 ? answer_names(simulated_questions()) : std::vector<std::string>{});
}

// The splits are consecutive objects of one sky, so they never share one.
Splits open_source(const SimulatedGalaxiesConfig& config, const OpenOptions& options) {
  int64_t first = 0;
  auto make = [&](const std::string& name, int64_t count) -> std::unique_ptr<Dataset> {
    if (count == 0) return nullptr;
    const auto seed = static_cast<uint64_t>(config.seed);
    std::vector<int64_t> labels(static_cast<size_t>(count), kUnlabelled);
    std::vector<std::vector<float>> votes(static_cast<size_t>(count));
    parallel_for(count, options.threads, [&](int64_t i) {
      const auto number = static_cast<uint64_t>(first + i);
      const simulate::Galaxy galaxy = simulate::draw_galaxy(seed, number);
      if (config.volunteers > 0) {
        votes[static_cast<size_t>(i)] = draw_votes(galaxy, config.volunteers, seed, number);
      } else {
        labels[static_cast<size_t>(i)] = galaxy.label;
      }
    });
    auto galaxies = std::make_unique<SimulatedGalaxies>(name, config, first, std::move(labels), votes);
    first += count;
    return std::make_unique<AugmentedImages>(
        cached(std::move(galaxies), config.cache_mb, options.fill_cache(fmt::format("simulating {} galaxies", name))),
        config.transform);
  };
  Splits splits;
  splits.train = make("train", config.train);
  splits.validation = make("validation", config.validation);
  splits.test = make("test", config.test);
  return splits;
}

std::unique_ptr<Dataset> open_source_split(const SimulatedGalaxiesConfig& config, Split split, const NetworkUse& use) {
  return std::move(open_source(config, {use.threads, false}).of(split));
}

std::unique_ptr<Dataset> open_source_input(const SimulatedGalaxiesConfig& config, const std::filesystem::path& input,
                                           const NetworkUse& use) {
  ImageFolderConfig reading;
  reading.transform = config.transform;
  if (config.volunteers > 0) reading.votes.questions = simulated_questions();
  return open_image_input(input, std::move(reading), use);
}

}  // namespace hpcai::data
