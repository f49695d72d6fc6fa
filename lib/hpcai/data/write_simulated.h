#pragma once

#include <cstdint>
#include <filesystem>

#include "hpcai/data/progress.h"
#include "hpcai/data/sources/waveform_set.h"
#include "hpcai/simulate/galaxy_survey.h"
#include "hpcai/simulate/waveform.h"

// The files that `generate` makes, in the layouts of data/README.md.
namespace hpcai::data {

enum class WaveformPrecision { float32, float64 };

struct WaveformFileSettings {
  WaveformSetConfig set;
  simulate::TimeGrid grid;
  simulate::PhaseReference phase_reference = simulate::PhaseReference::peak;
  WaveformPrecision precision = WaveformPrecision::float64;
  int64_t seed = 1;  // of the random points of a set with a count
};

struct GalaxyFileSettings {
  simulate::Survey survey = simulate::Survey::sdss;
  int64_t count = 0;
  int64_t size_pixels = 0;
  int64_t seed = 1;
  int64_t first = 0;  // index of the first object in the sky of `seed`
};

// Data sets data [n, time] (Re h22 as r h22 / M) and labels [n, 3] (q, s1, s2); all settings as attributes. Rows are made
// by `threads` threads (0 = all cores). Returns the number of waveforms. Throws Error{usage} for settings out of range,
// Error{cannot_write}; nothing is left behind then.
int64_t write_waveforms(const std::filesystem::path& path, const WaveformFileSettings& settings, int threads,
                        const Progress& progress);

// Data sets images [n, size, size, 3] and labels [n] (0 elliptical, 1 spiral); all settings as attributes. Otherwise as
// write_waveforms.
int64_t write_galaxies(const std::filesystem::path& path, const GalaxyFileSettings& settings, int threads,
                       const Progress& progress);

}  // namespace hpcai::data
