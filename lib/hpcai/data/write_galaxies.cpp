#include "hpcai/data/write_galaxies.h"

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/core/version.h"
#include "hpcai/data/class_names.h"
#include "hpcai/data/hdf5/hdf5_writer.h"
#include "hpcai/data/sources/simulated_galaxies.h"
#include "hpcai/simulate/galaxy.h"

namespace hpcai::data {

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
