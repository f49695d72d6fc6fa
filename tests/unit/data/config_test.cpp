#include <catch2/catch.hpp>

#include "hpcai/config/bind.h"
#include "hpcai/data/config.h"
#include "hpcai/data/loader_config.h"
#include "hpcai/data/open.h"
#include "hpcai/data/waveform_file_settings.h"

using namespace hpcai;

namespace {

struct Both {
  data::DataConfig data;
  data::LoaderConfig loader;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("data", data, {.help = "The data."});
    visitor.field("loader", loader, {.help = "The loader."});
  }
};

}  // namespace

TEST_CASE("the data configs describe themselves without fault") {
  Both both;
  CHECK(config::faults(config::describe(both)).empty());
  data::WaveformFileSettings files;
  CHECK(config::faults(config::describe(files)).empty());
}

TEST_CASE("the settings tell where no data can have a validation split") {
  data::SimulatedWaveformsConfig waveforms;
  CHECK_FALSE(data::may_validate(waveforms));
  waveforms.validation.parameters = "v.csv";
  CHECK(data::may_validate(waveforms));
  data::NrSurrogate22Config surrogate;
  CHECK_FALSE(data::may_validate(surrogate));
  surrogate.validation.mass_ratio = "1:8:1";
  CHECK(data::may_validate(surrogate));
  data::WaveformHdf5Config waveform_file;
  CHECK_FALSE(data::may_validate(waveform_file));
  waveform_file.validation = "v.h5";
  CHECK(data::may_validate(waveform_file));
  data::ImageHdf5Config image_file;
  CHECK_FALSE(data::may_validate(image_file));
  image_file.validation = "v.h5";
  CHECK(data::may_validate(image_file));
  data::SimulatedGalaxiesConfig galaxies;
  CHECK(data::may_validate(galaxies));
  galaxies.validation = 0;
  CHECK_FALSE(data::may_validate(galaxies));
  data::SyntheticImagesConfig synthetic;
  CHECK_FALSE(data::may_validate(synthetic));
  synthetic.validation = 4;
  CHECK(data::may_validate(synthetic));
  data::ImageFolderConfig folder;
  CHECK(data::may_validate(folder));
  folder.validation_fraction = 0;
  CHECK(data::may_validate(folder));  // the catalogue may name one
  folder.split_column = "";
  CHECK_FALSE(data::may_validate(folder));
}
