#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>

#include "../fits_files.h"
#include "../support.h"
#include "hpcai/data/fits.h"
#include "hpcai/data/open.h"
#include "hpcai/data/png.h"
#include "hpcai/data/sources/image_folder.h"
#include "hpcai/data/stretch.h"
#include "hpcai/data/verify.h"

using namespace hpcai;
using namespace hpcai::data;
using test::fits_fixture;
using test::thrown_by;

namespace {

constexpr const char* kFitsCatalogue =
    "file,label,petroRad_r,p\n"
    "a.fits.gz,a,3.07,0.99\n"
    "b.png,b,1.98,0.5\n"
    "c.fits.gz,b,3.07,\n";

// Two FITS files of a galaxy, 48 x 56 pixels, and a PNG of 40 x 40 whose red is the column and whose green is the row.
ImageFolderConfig fits_folder(const test::TemporaryFolder& folder) {
  for (const char* name : {"a.fits.gz", "c.fits.gz"}) std::ofstream(folder / name) << fits_fixture("galaxy.fits.gz");
  Image image{40, 40, std::vector<uint8_t>(40 * 40 * 3), 1};
  for (int64_t i = 0; i < 1600; ++i) {
    image.pixels[static_cast<size_t>(3 * i)] = static_cast<uint8_t>(i % 40);
    image.pixels[static_cast<size_t>(3 * i + 1)] = static_cast<uint8_t>(i / 40);
  }
  write_png(folder / "b.png", image);
  ImageFolderConfig config = test::image_folder_config(folder, kFitsCatalogue);
  config.image_size = 24;
  config.preparation.bands = {"z", "r", "g"};
  config.preparation.cutout = {"petroRad_r", 4, 0.396, false};
  return config;
}

// Bytes [size, size, 3] of an input that is scaled to 0 ... 1, [3, size, size].
std::vector<uint8_t> bytes_of(const std::vector<float>& input) {
  const size_t count = input.size() / 3;
  std::vector<uint8_t> bytes(input.size());
  for (size_t i = 0; i < input.size(); ++i)
    bytes[3 * (i % count) + i / count] = static_cast<uint8_t>(std::lround(255 * input[i]));
  return bytes;
}

}  // namespace

TEST_CASE("a folder of FITS files is cut out by the catalogue's sizes and prepared as published") {
  const test::TemporaryFolder folder;
  const ImageFolderConfig config = fits_folder(folder);
  const auto train = data::open(config, 2).train;
  const std::string expected = fits_fixture("darker_half.rgb");  // a cut-out of 31 pixels
  const auto bytes = bytes_of(test::read_input(*train, 0));
  REQUIRE(bytes.size() == expected.size());
  int differences = 0;
  for (size_t i = 0; i < bytes.size(); ++i) differences += bytes[i] != static_cast<uint8_t>(expected[i]);
  CHECK(differences <= 2);
  const auto png = test::read_input(*train, 1);  // 20 pixels, from 10 to 30: enlarged, so the middle stays
  CHECK(png[0] * 255 == Approx(10).margin(0.6));
  CHECK(png[23] * 255 == Approx(29).margin(0.6));
}

TEST_CASE("a random part of a cut-out stays within it") {
  const test::TemporaryFolder folder;
  ImageFolderConfig config = fits_folder(folder);
  config.transform.augmentation.crop_area = 0.2;
  const auto train = data::open(config, 1).train;
  std::vector<float> values(3 * 24 * 24);
  for (int64_t epoch = 0; epoch < 50; ++epoch) {
    const Draw draw{1, epoch};
    train->read(1, &draw, values.data());
    for (size_t i = 0; i < 2 * 24 * 24; ++i) {
      REQUIRE(values[i] * 255 > 9.4);
      REQUIRE(values[i] * 255 < 29.6);
    }
    train->read(0, &draw, values.data());
  }
}

TEST_CASE("a cut-out that is larger than its image is refused, or limited on request") {
  const test::TemporaryFolder folder;
  ImageFolderConfig config = fits_folder(folder);
  config.preparation.cutout.factor = 8;
  const auto thrown = thrown_by([&] { data::open(config, 1); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what.find("56 x 48 pixels, smaller than the cut-out of 62") != std::string::npos);
  config.preparation.cutout.limit = true;
  const auto png = test::read_input(*data::open(config, 1).train, 1);
  CHECK(png[0] * 255 < 2);
}

TEST_CASE("sizes that give no cut-out are refused with their row") {
  const test::TemporaryFolder folder;
  for (const char* size : {"", "nan", "-9999", "x", "0", "1e30"}) {
    ImageFolderConfig config = fits_folder(folder);
    std::ofstream(folder / "labels.csv") << "file,label,petroRad_r\na.fits.gz,a,3\nb.png,b," << size << "\n";
    const auto thrown = thrown_by([&] { data::open(config, 1); });
    CHECK(thrown.code == ExitCode::bad_data);
    CHECK(thrown.what.find("labels.csv:3: column petroRad_r holds") != std::string::npos);
  }
  ImageFolderConfig config = fits_folder(folder);
  config.crop = 10;
  CHECK(thrown_by([&] { data::open(config, 1); }).code == ExitCode::usage);
  config.crop = 0;
  config.preparation.bands = {"z", "r"};
  CHECK(thrown_by([&] { data::open(config, 1); }).what == "data.preparation.bands: 2 bands");
}

TEST_CASE("data.filter leaves rows of the catalogue out, and classes that only they have") {
  const test::TemporaryFolder folder;
  ImageFolderConfig config = fits_folder(folder);
  std::ofstream(folder / "labels.csv") << "file,label,petroRad_r,p\na.fits.gz,a,3.07,0.99\nb.png,b,1.98,0.95\n"
                                          "c.fits.gz,none,,0.2\n";
  config.filter = "p >= 0.9";
  const auto train = data::open(config, 1).train;
  CHECK(train->size() == 2);
  CHECK(train->spec().class_names == std::vector<std::string>{"a", "b"});
  config.filter = "p > 1";
  CHECK(thrown_by([&] { data::open(config, 1); }).what.find("data.filter is true for none of its 3 rows") != std::string::npos);
  config.filter = "p >";
  CHECK(thrown_by([&] { data::open(config, 1); }).code == ExitCode::usage);
}

TEST_CASE("check tells of pixels without a value and of damaged FITS files") {
  const test::TemporaryFolder folder;
  const ImageFolderConfig config = fits_folder(folder);
  Verification found = verify(*data::open(config, 1).train, 1, nullptr);
  CHECK(found.unusable.count == 0);
  CHECK(found.incomplete.count == 2);
  CHECK(found.incomplete.first[0].find("a.fits.gz (") != std::string::npos);
  CHECK(found.incomplete.first[0].ends_with("0.84 % of the pixels"));
  const std::string content = fits_fixture("galaxy.fits.gz");
  std::ofstream(folder / "c.fits.gz") << content.substr(0, content.size() - 4000);
  found = verify(*data::open(config, 1).train, 1, nullptr);
  CHECK(found.unusable.count == 1);
  CHECK(found.unusable.first[0].find("c.fits.gz") != std::string::npos);
}

TEST_CASE("new FITS images for a network that was trained on cut-outs need their sizes") {
  const test::TemporaryFolder folder;
  const ImageFolderConfig config = fits_folder(folder);
  const NetworkUse use{data::open(config, 1).train->spec(), true, true, 1};
  std::ofstream(folder / "new.csv") << "file,petroRad_r\na.fits.gz,3.07\nb.png,1.98\n";
  CHECK(data::open_input(config, folder / "new.csv", use)->size() == 2);
  CHECK(data::open_input(config, folder.path(), use)->size() == 3);  // by its catalogue
  std::ofstream(folder / "names.txt") << "a.fits.gz\n";
  CHECK(thrown_by([&] { data::open_input(config, folder / "names.txt", use); }).code == ExitCode::usage);
  const auto thrown = thrown_by([&] { data::open_input(config, folder / "a.fits.gz", use); });
  CHECK(thrown.code == ExitCode::usage);
  CHECK(thrown.remedy == "Give a table with the columns file and petroRad_r.");
}
