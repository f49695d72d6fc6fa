#include "hpcai/data/open.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hpcai/core/error.h"
#include "hpcai/data/class_names.h"
#include "hpcai/data/sources.h"
#include "hpcai/simulate/waveform.h"

namespace hpcai::data {
namespace {

SampleSpec waveform_spec(int64_t length) { return {{1, length}, {}, {"q", "s1", "s2"}}; }
SampleSpec image_spec(int64_t size, std::vector<std::string> classes) { return {{3, size, size}, std::move(classes), {}}; }

SampleSpec spec_from(const simulate::TimeGrid& grid) {
  simulate::check(grid);
  return waveform_spec(grid.size());
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
std::optional<SampleSpec> spec_from(const ImageHdf5Config& config) {
  if (config.image_size == 0 || config.classes.empty()) return std::nullopt;
  return image_spec(config.image_size, config.classes);
}
std::optional<SampleSpec> spec_from(const ImageFolderConfig& config) {
  if (config.classes.empty()) return std::nullopt;
  return image_spec(config.image_size, config.classes);
}
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

}  // namespace

Splits open(const DataConfig& config, int threads, bool fill_caches) {
  Splits splits = std::visit([&](const auto& source) { return open_source(source, {threads, fill_caches}); }, config);
  check_equal(splits.train->spec(), splits.validation, "validation");
  check_equal(splits.train->spec(), splits.test, "test");
  return splits;
}

std::optional<SampleSpec> spec_of(const DataConfig& config) {
  return std::visit([](const auto& source) { return spec_from(source); }, config);
}

}  // namespace hpcai::data
