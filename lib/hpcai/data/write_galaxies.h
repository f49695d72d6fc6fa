#pragma once

#include <cstdint>
#include <filesystem>

#include "hpcai/data/progress.h"
#include "hpcai/simulate/galaxy_survey.h"

// The files that `generate galaxies` makes, in the layout of data/README.md.
namespace hpcai::data {

struct GalaxyFileSettings {
  simulate::Survey survey = simulate::Survey::sdss;
  int64_t count = 0;
  int64_t size_pixels = 0;
  int64_t seed = 1;
  int64_t first = 0;  // index of the first object in the sky of `seed`
};

// Data sets images [n, size, size, 3] and labels [n] (0 elliptical, 1 spiral); all settings as attributes. Rows are made
// by `threads` threads (0 = all cores). Returns the number of galaxies. Throws Error{usage} for settings out of range,
// Error{cannot_write}; nothing is left behind then.
int64_t write_galaxies(const std::filesystem::path& path, const GalaxyFileSettings& settings, int threads,
                       const Progress& progress);

}  // namespace hpcai::data
