#pragma once

#include <variant>

#include "hpcai/data/sources/arrays.h"
#include "hpcai/data/sources/image_folder.h"
#include "hpcai/data/sources/image_hdf5.h"
#include "hpcai/data/sources/nr_surrogate_22.h"
#include "hpcai/data/sources/simulated_galaxies.h"
#include "hpcai/data/sources/simulated_strain.h"
#include "hpcai/data/sources/simulated_waveforms.h"
#include "hpcai/data/sources/synthetic_images.h"
#include "hpcai/data/sources/table.h"
#include "hpcai/data/sources/waveform_hdf5.h"

namespace hpcai::data {

// Where samples come from: the section `data`. What an alternative must offer stands in sources/source.h.
using DataConfig =
    std::variant<SimulatedWaveformsConfig, NrSurrogate22Config, WaveformHdf5Config, SimulatedGalaxiesConfig, ImageHdf5Config,
                 ImageFolderConfig, SyntheticImagesConfig, SimulatedStrainConfig, TableConfig, ArraysConfig>;

}  // namespace hpcai::data
