// Images whose bands are files of their own, "12-{band}.fits".
#include "hpcai/data/band_files.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>

#include "fits_files.h"
#include "hpcai/core/sha256.h"
#include "hpcai/data/fits.h"
#include "hpcai/data/open.h"
#include "hpcai/data/sources/image_folder.h"
#include "hpcai/data/verify.h"
#include "support.h"

using namespace hpcai;
using namespace hpcai::data;
using test::fits_fixture;
using test::thrown_by;

namespace {

// A FITS file of 32-bit numbers. `rows`: from the top.
std::string float_fits(const float* rows, int64_t height, int64_t width) {
  std::string bytes;
  const auto card = [&](const std::string& text) { bytes += text + std::string(80 - text.size(), ' '); };
  card("SIMPLE  =                    T");
  card("BITPIX  =                  -32");
  card("NAXIS   =                    2");
  card("NAXIS1  = " + std::string(20 - std::to_string(width).size(), ' ') + std::to_string(width));
  card("NAXIS2  = " + std::string(20 - std::to_string(height).size(), ' ') + std::to_string(height));
  card("END");
  bytes.resize((bytes.size() + 2879) / 2880 * 2880, ' ');
  for (int64_t y = height; y-- > 0;) {
    for (int64_t x = 0; x < width; ++x) {
      const auto bits = std::bit_cast<uint32_t>(rows[y * width + x]);
      for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(bits >> shift);
    }
  }
  bytes.resize((bytes.size() + 2879) / 2880 * 2880, '\0');
  return bytes;
}

// "whole.fits.gz" with three bands, and "divided-z.fits", "divided-r.fits", "divided-g.fits" with one of them each.
ImageFolderConfig divided_folder(const test::TemporaryFolder& folder) {
  const std::string whole = fits_fixture("galaxy.fits.gz");
  std::ofstream(folder / "whole.fits.gz") << whole;
  for (const std::string band : {"z", "r", "g"}) {
    const BandImage one = read_fits(whole, {band});
    std::ofstream(folder / ("divided-" + band + ".fits")) << float_fits(one.band(0), one.height, one.width);
  }
  ImageFolderConfig config =
      test::image_folder_config(folder, "file,label,petroRad_r\nwhole.fits.gz,a,3.07\ndivided-{band}.fits,b,3.07\n");
  config.image_size = 24;
  config.preparation.bands = {"z", "r", "g"};
  config.preparation.cutout = {"petroRad_r", 4, 0.396, false};
  return config;
}

}  // namespace

TEST_CASE("an image whose bands are files of their own equals the image of one file") {
  const test::TemporaryFolder folder;
  ImageFolderConfig config = divided_folder(folder);
  config.transform.augmentation.crop_area = 0.2;
  const auto train = data::open(config, 2).train;
  REQUIRE(train->size() == 2);
  CHECK(test::read_input(*train, 0) == test::read_input(*train, 1));
  CHECK(train->id(1) == "divided-{band}.fits");
  std::vector<float> part(3 * 24 * 24);
  const Draw draw{1, 1};
  train->read(1, &draw, part.data());
  CHECK(std::ranges::none_of(part, [](float value) { return std::isnan(value); }));
  const Verification found = verify(*train, 1, nullptr);
  CHECK(found.unusable.count == 0);
  CHECK(found.incomplete.count == 2);  // the fixture has blank pixels
  CHECK(found.incomplete.first[1].ends_with("0.84 % of the pixels"));

  Sha256 before, after;
  train->hash_content(1, before);
  std::ofstream(folder / "divided-g.fits", std::ios::binary | std::ios::in | std::ios::ate) << ' ';
  train->hash_content(1, after);
  CHECK(before.hex() != after.hex());
}

TEST_CASE("the order of the bands is that of the names, and one band is grey") {
  const test::TemporaryFolder folder;
  ImageFolderConfig config = divided_folder(folder);
  config.preparation.bands = {"g", "z", "r"};
  const BandImage image = read_band_files(folder / "divided-{band}.fits", config.preparation.bands);
  CHECK(image.names == config.preparation.bands);
  const BandImage whole = read_fits(fits_fixture("galaxy.fits.gz"), config.preparation.bands);
  REQUIRE(image.values.size() == whole.values.size());
  for (size_t i = 0; i < image.values.size(); ++i) {
    REQUIRE((image.values[i] == whole.values[i] || (std::isnan(image.values[i]) && std::isnan(whole.values[i]))));
  }
  config.preparation.bands = {"r"};
  const auto train = data::open(config, 1).train;
  CHECK(test::read_input(*train, 0) == test::read_input(*train, 1));
  CHECK(band_file("{band}/x_{band}.fits", "i") == "i/x_i.fits");
}

TEST_CASE("files of bands that are missing, damaged, of another size or of several bands are told") {
  const test::TemporaryFolder folder;
  const ImageFolderConfig config = divided_folder(folder);
  const auto refusal = [&] { return thrown_by([&] { data::open(config, 1); }); };
  const float pixels[6] = {1, 2, 3, 4, 5, 6};
  std::ofstream(folder / "divided-r.fits") << float_fits(pixels, 2, 3);
  CHECK(refusal().what.find("divided-{band}.fits (") != std::string::npos);
  CHECK(refusal().what.find("band r: 3 x 2 pixels, and the first band 56 x 48") != std::string::npos);
  std::ofstream(folder / "divided-r.fits") << "x";
  CHECK(refusal().what.find("band r: neither a JPEG, a PNG nor a FITS file") != std::string::npos);
  std::filesystem::remove(folder / "divided-r.fits");
  CHECK(refusal().what.find("divided-r.fits") != std::string::npos);
  std::ofstream(folder / "divided-r.fits") << fits_fixture("galaxy.fits.gz");
  const auto train = data::open(config, 1).train;
  CHECK(thrown_by([&] { test::read_input(*train, 1); }).what.find("band r: 3 bands in the file of one") != std::string::npos);
}

TEST_CASE("files of bands need names of bands, and may be listed for a trained network") {
  const test::TemporaryFolder folder;
  ImageFolderConfig config = divided_folder(folder);
  const NetworkUse use{data::open(config, 1).train->spec(), true, true, 1};
  config.preparation.cutout = {};
  std::ofstream(folder / "names.txt") << "divided-{band}.fits\nwhole.fits.gz\n";
  const auto listed = data::open_input(config, folder / "names.txt", use);
  REQUIRE(listed->size() == 2);
  CHECK(test::read_input(*listed, 0) == test::read_input(*listed, 1));
  const auto named = data::open_input(config, folder / "divided-{band}.fits", use);
  REQUIRE(named->size() == 1);
  CHECK(test::read_input(*named, 0) == test::read_input(*listed, 0));
  std::filesystem::create_directory(folder / "runs-{band}");
  std::ofstream(folder / "runs-{band}/list.csv") << "file\nwhole.fits.gz\n";
  std::ofstream(folder / "runs-{band}/whole.fits.gz") << fits_fixture("galaxy.fits.gz");
  const auto existing = data::open_input(config, folder / "runs-{band}/list.csv", use);
  REQUIRE(existing->size() == 1);
  CHECK(test::read_input(*existing, 0) == test::read_input(*listed, 1));
  config.preparation.bands.clear();
  CHECK(thrown_by([&] { data::open_input(config, folder / "divided-{band}.fits", use); }).remedy.find("data.preparation.bands") !=
        std::string::npos);
  const auto thrown = thrown_by([&] { data::open(config, 1); });
  CHECK(thrown.code == ExitCode::usage);
  CHECK(thrown.what.find("divided-{band}.fits") == 0);
  CHECK(thrown.remedy.find("data.preparation.bands") != std::string::npos);
}

TEST_CASE("messages name one input image by its path, and say of files of bands that they are the input") {
  const test::TemporaryFolder folder;
  const ImageFolderConfig config = divided_folder(folder);
  ImageFolderConfig whole = config;
  whole.preparation.cutout = {};
  const NetworkUse use{data::open(config, 1).train->spec(), true, true, 1};
  const auto one = data::open_input(whole, folder / "whole.fits.gz", use);
  CHECK(one->where(0) == (folder / "whole.fits.gz").string());
  const auto divided = data::open_input(whole, folder / "divided-{band}.fits", use);
  CHECK(divided->where(0) == (folder / "divided-{band}.fits").string() + " (the input)");
}
