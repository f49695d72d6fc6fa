#pragma once

#include "hpcai/data/config.h"
#include "hpcai/data/dataset.h"

// How each source of data is opened: one file for each, chosen in open.cpp.
namespace hpcai::data {

struct OpenOptions {
  int threads = 0;          // 0 = all cores
  bool fill_caches = true;  // make now what is simulated and fits into memory, rather than when it is first read
};

Splits open_source(const SimulatedWaveformsConfig& config, const OpenOptions& options);
Splits open_source(const WaveformHdf5Config& config, const OpenOptions& options);
Splits open_source(const SimulatedGalaxiesConfig& config, const OpenOptions& options);
Splits open_source(const ImageHdf5Config& config, const OpenOptions& options);
Splits open_source(const ImageFolderConfig& config, const OpenOptions& options);
Splits open_source(const MadeUpImagesConfig& config, const OpenOptions& options);

}  // namespace hpcai::data
