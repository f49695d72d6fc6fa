#include <catch2/catch.hpp>

#include "hpcai/config/bind.h"
#include "hpcai/data/config.h"
#include "hpcai/data/loader_config.h"
#include "hpcai/data/open.h"

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
}

TEST_CASE("the settings tell where no data can have a validation split") {
  data::SimulatedWaveformsConfig waveforms;
  CHECK_FALSE(data::may_validate(waveforms));
  waveforms.validation.parameters = "v.csv";
  CHECK(data::may_validate(waveforms));
  CHECK_FALSE(data::may_validate(data::WaveformHdf5Config{.train = "t.h5"}));
  CHECK(data::may_validate(data::WaveformHdf5Config{.train = "t.h5", .validation = "v.h5"}));
  CHECK_FALSE(data::may_validate(data::ImageHdf5Config{.train = "t.h5"}));
  CHECK(data::may_validate(data::ImageHdf5Config{.train = "t.h5", .validation = "v.h5"}));
  CHECK(data::may_validate(data::SimulatedGalaxiesConfig{}));
  CHECK_FALSE(data::may_validate(data::SimulatedGalaxiesConfig{.validation = 0}));
  CHECK_FALSE(data::may_validate(data::SyntheticImagesConfig{}));
  CHECK(data::may_validate(data::SyntheticImagesConfig{.validation = 4}));
  CHECK(data::may_validate(data::ImageFolderConfig{}));
  CHECK(data::may_validate(data::ImageFolderConfig{.validation_fraction = 0}));  // the catalogue may name one
  CHECK_FALSE(data::may_validate(data::ImageFolderConfig{.split_column = "", .validation_fraction = 0}));
}
