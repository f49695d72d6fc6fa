#include "hpcai/data/open.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hpcai/core/error.h"
#include "hpcai/data/class_names.h"
#include "hpcai/data/sources.h"
#include "hpcai/data/waveform_dataset.h"
#include "hpcai/simulate/waveform.h"

namespace hpcai::data {
namespace {

SampleSpec image_spec(int64_t size, std::vector<std::string> classes) { return {{3, size, size}, std::move(classes), {}}; }

SampleSpec spec_from(const simulate::TimeGrid& grid) {
  simulate::check(grid);
  return waveform_spec(grid);
}

std::optional<SampleSpec> spec_from(const SimulatedWaveformsConfig& config) {
  return spec_from(simulate::TimeGrid{config.t_min, config.t_max, config.t_step});
}
std::optional<SampleSpec> spec_from(const WaveformHdf5Config& config) {
  return spec_from(simulate::TimeGrid{config.t_min, config.t_max, config.t_step});
}
std::optional<SampleSpec> spec_from(const SimulatedGalaxiesConfig& config) {
  return image_spec(config.image_size, galaxy_class_names());
}
std::optional<SampleSpec> image_spec_from(const auto& config) {
  if (config.image_size == 0 || (config.classes.empty() && config.class_count == 0)) return std::nullopt;
  return image_spec(config.image_size, config.classes.empty() ? numbered_class_names(config.class_count) : config.classes);
}
std::optional<SampleSpec> spec_from(const ImageHdf5Config& config) { return image_spec_from(config); }
std::optional<SampleSpec> spec_from(const ImageFolderConfig& config) { return image_spec_from(config); }
std::optional<SampleSpec> spec_from(const MadeUpImagesConfig& config) {
  return image_spec(config.image_size, numbered_class_names(config.classes));
}

void check_equal(const SampleSpec& train, const std::unique_ptr<Dataset>& other, const std::string& name) {
  if (!other || other->spec() == train) return;
  throw Error(ExitCode::bad_data,
              fmt::format("the {} split's samples have shape [{}], the training split's [{}]", name,
                          fmt::join(other->spec().input_shape, ", "), fmt::join(train.input_shape, ", ")),
              fmt::format("One network reads all splits; make them alike. The first {} sample is {}.", name, other->where(0)));
}

void check_class_count(const DataConfig& config, const SampleSpec& spec) {
  std::visit(
      [&](const auto& source) {
    if constexpr (requires { source.class_count; }) {
      const auto found = static_cast<int64_t>(spec.class_names.size());
      if (source.class_count == 0 || source.class_count == found) return;
      throw Error(ExitCode::bad_data,
                  fmt::format("data.class_count is {}, but the training data have {} classes", source.class_count, found),
                  "Correct data.class_count, or leave it out.");
    }
      },
      config);
}

}  // namespace

Splits open(const DataConfig& config, int threads, bool fill_caches) {
  Splits splits = std::visit([&](const auto& source) { return open_source(source, {threads, fill_caches}); }, config);
  check_class_count(config, splits.train->spec());
  check_equal(splits.train->spec(), splits.validation, "validation");
  check_equal(splits.train->spec(), splits.test, "test");
  return splits;
}

std::optional<SampleSpec> spec_of(const DataConfig& config) {
  return std::visit([](const auto& source) { return spec_from(source); }, config);
}

}  // namespace hpcai::data
