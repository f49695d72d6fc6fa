#include "hpcai/data/write_simulated.h"

#include <fmt/format.h>

#include <array>

#include "hpcai/core/error.h"
#include "hpcai/core/version.h"
#include "hpcai/data/class_names.h"
#include "hpcai/data/hdf5/hdf5_writer.h"
#include "hpcai/data/sources/simulated_galaxies.h"
#include "hpcai/data/sources/simulated_waveforms.h"
#include "hpcai/simulate/galaxy.h"

namespace hpcai::data {
namespace {

std::vector<NamedAttribute> waveform_attributes(const WaveformFileSettings& settings) {
  std::vector<NamedAttribute> attributes = {
      {"generator", "hpcai-train generate waveforms"},
      {"version", std::string(kVersion)},
      {"model", "IMRPhenomD"},
      {"quantity", "Re h22, r h22 / M"},
      {"t_min", settings.grid.start},
      {"t_max", settings.grid.stop},
      {"t_step", settings.grid.step},
      {"phase_reference", config::name_of(settings.phase_reference)},
      {"label_names", std::vector<std::string>{simulate::kBinaryParameters.begin(), simulate::kBinaryParameters.end()}},
  };
  const WaveformSetConfig& set = settings.set;
  if (!set.parameters.empty()) {
    attributes.push_back({"parameters", set.parameters});
    return attributes;
  }
  attributes.push_back({"mass_ratio", set.mass_ratio});
  attributes.push_back({"spin1", set.spin1});
  attributes.push_back({"spin2", set.spin2});
  if (set.count > 0) attributes.push_back({"seed", settings.seed});
  return attributes;
}

}  // namespace

int64_t write_waveforms(const std::filesystem::path& path, const WaveformFileSettings& settings, int threads,
                        const Progress& progress) {
  simulate::check(settings.grid);
  const auto points = binaries(settings.set, static_cast<uint64_t>(settings.seed), 0, "generate waveforms");
  const auto count = static_cast<int64_t>(points.size());
  const int64_t length = settings.grid.size();
  const bool wide = settings.precision == WaveformPrecision::float64;
  const ElementType type = wide ? ElementType::float64 : ElementType::float32;
  Hdf5Writer writer(path, {{"data", {count, length}, type}, {"labels", {count, 3}, ElementType::float64}},
                    waveform_attributes(settings));
  for_each_with_progress(progress, count, threads, [&](int64_t row) {
    const simulate::Binary& binary = points[static_cast<size_t>(row)];
    const auto strain = simulate::h22(binary, settings.grid, settings.phase_reference);
    if (wide) {
      std::vector<double> values;
      for (const auto& value : strain) values.push_back(value.real());
      writer.write_row(0, row, values.data());
    } else {
      std::vector<float> values;
      for (const auto& value : strain) values.push_back(static_cast<float>(value.real()));
      writer.write_row(0, row, values.data());
    }
    const std::array<double, 3> label{binary.mass_ratio, binary.spin1, binary.spin2};
    writer.write_row(1, row, label.data());
  });
  writer.finish();
  return count;
}

int64_t write_galaxies(const std::filesystem::path& path, const GalaxyFileSettings& settings, int threads,
                       const Progress& progress) {
  const int64_t count = settings.count, size = settings.size_pixels;
  if (count < 1)
    throw Error(ExitCode::usage, fmt::format("generate galaxies: {} images asked for", count), "Give --count 1 or more.");
  if (size < simulate::kSmallestImage || size > simulate::kLargestImage) {
    throw Error(ExitCode::usage, fmt::format("generate galaxies: images of {} pixels a side", size),
                fmt::format("Give --size {} to {}.", simulate::kSmallestImage, simulate::kLargestImage));
  }
  Hdf5Writer writer(path,
                    {{"images", {count, size, size, 3}, ElementType::uint8}, {"labels", {count}, ElementType::other_integer}},
                    {{"generator", "hpcai-train generate galaxies"},
                     {"version", std::string(kVersion)},
                     {"survey", config::name_of(settings.survey)},
                     {"seed", settings.seed},
                     {"first", settings.first},
                     {"class_names", galaxy_class_names()}});
  for_each_with_progress(progress, count, threads, [&](int64_t row) {
    const auto image = simulate::render(settings.survey, static_cast<int>(size), static_cast<uint64_t>(settings.seed),
                                        static_cast<uint64_t>(settings.first + row));
    writer.write_row(0, row, image.pixels.data());
    const int64_t label = image.label;
    writer.write_row(1, row, &label);
  });
  writer.finish();
  return count;
}

}  // namespace hpcai::data
