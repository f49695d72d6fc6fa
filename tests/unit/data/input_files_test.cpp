#include "hpcai/data/input_files.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "support.h"

using namespace hpcai::data;
using Paths = std::vector<std::filesystem::path>;

TEST_CASE("the files of the data are those of all splits, of patterns and of groups") {
  const test::TemporaryFolder folder;
  const auto file = [&](const std::string& name) { return (folder / name).string(); };
  for (const char* name : {"a-1.h5", "a-2.h5", "v.h5"}) std::ofstream(folder / name) << "x";
  ImageHdf5Config images;
  images.train = file("a-*.h5");
  images.validation = file("v.h5") + ":group";
  images.test = file("none-*.h5");
  CHECK(input_files(images) == Paths{file("a-1.h5"), file("a-2.h5"), file("v.h5")});
  WaveformHdf5Config waveforms;
  waveforms.train = file("v.h5");
  CHECK(input_files(waveforms) == Paths{file("v.h5")});
  ImageFolderConfig catalogue;
  catalogue.folder = "images";
  CHECK(input_files(catalogue) == Paths{"images/labels.csv"});
  NrSurrogate22Config surrogate;
  surrogate.file = file("v.h5");
  CHECK(input_files(surrogate) == Paths{file("v.h5")});
  SimulatedWaveformsConfig simulated;
  simulated.test.parameters = "p.csv";
  CHECK(input_files(simulated).back() == "p.csv");
  CHECK(input_files(SyntheticImagesConfig{}).empty());
  TableConfig table;
  table.file = "t.csv";
  table.test_file = "u.csv";
  CHECK(input_files(table) == Paths{"t.csv", "", "u.csv"});
  ArraysConfig arrays;
  arrays.file = folder.path().string();
  arrays.validation_file = file("v.h5") + ":group";
  arrays.inputs = {"x"};
  arrays.targets = "y";
  CHECK(input_files(arrays) == Paths{folder.path(), folder / "x.npy", folder / "y.npy", file("v.h5")});
}

TEST_CASE("the files of new samples are the input and the catalogue of its folder") {
  ImageFolderConfig config;
  config.catalogue = "new.csv";
  CHECK(input_files(config, "new") == Paths{"new", "new/new.csv"});
  const test::TemporaryFolder folder;
  std::ofstream(folder / "a.h5") << "x";
  CHECK(input_files(WaveformHdf5Config{}, (folder / "a.h5:group").string()) == Paths{folder / "a.h5"});
}
