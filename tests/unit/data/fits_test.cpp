#include "hpcai/data/fits.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <thread>

#include "fits_files.h"
#include "hpcai/data/tables/gzip.h"

using namespace hpcai;
using namespace hpcai::data;
using test::fits_fixture;

namespace {

constexpr int64_t kFitsHeight = 6, kFitsWidth = 9;

std::string fits_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const ImageError& error) {
    return error.what();
  }
  return "";
}

std::string reading_error(const std::string& bytes, const std::vector<std::string>& bands = {}) {
  return fits_error([&] { read_fits(bytes, bands); });
}

// What the fixtures hold in column x of row y, both from 0, y from the top.
double ramp(int64_t y, int64_t x, int64_t height = kFitsHeight) { return static_cast<double>(100 * (height - 1 - y) + x); }

void check_ramp(const BandImage& image, int64_t band, double offset = 0) {
  REQUIRE(image.height == kFitsHeight);
  REQUIRE(image.width == kFitsWidth);
  for (int64_t y = 0; y < kFitsHeight; ++y) {
    for (int64_t x = 0; x < kFitsWidth; ++x) CHECK(image.band(band)[y * kFitsWidth + x] == ramp(y, x) + offset);
  }
}

std::string unpacked(const std::string& name) { return gunzip(fits_fixture(name), name, 1 << 20); }

// The same bytes with another value of a header's key.
std::string with_key(std::string bytes, const std::string& key, const std::string& value) {
  const size_t at = bytes.find((key + std::string(8, ' ')).substr(0, 8) + "=");
  REQUIRE(at != std::string::npos);
  const std::string card = (key + std::string(8, ' ')).substr(0, 8) + "= " + std::string(20 - value.size(), ' ') + value;
  return bytes.replace(at, card.size(), card);
}

}  // namespace

TEST_CASE("a FITS image has its lowest row at the bottom, packed with gzip or not") {
  const std::string bytes = fits_fixture("plain.fits");
  CHECK(is_fits(bytes));
  CHECK(is_fits(fits_fixture("cube.fits.gz")));
  CHECK_FALSE(is_fits("\x1F\x8B nothing"));
  const ImageHeader header = image_header(bytes);
  CHECK(header.format == ImageFormat::fits);
  CHECK(header.height == kFitsHeight);
  CHECK(header.width == kFitsWidth);
  check_ramp(read_fits(bytes, {}), 0);
  check_ramp(read_fits(unpacked("trailing_axis.fits.gz"), {}), 0);
  CHECK(image_header(fits_fixture("hdus.fits.gz")).width == kFitsWidth);
}

TEST_CASE("all types of FITS values are read with their scale, and blank ones are NaN") {
  for (const std::string kind : {"8", "16", "32", "64", "f32", "f64"}) {
    CAPTURE(kind);
    const BandImage image = read_fits(fits_fixture("bitpix_" + kind + ".fits.gz"), {});
    CHECK(std::isnan(image.band(0)[(kFitsHeight - 1) * kFitsWidth]));  // bottom left
    CHECK(std::isnan(image.band(0)[kFitsWidth - 1]));                  // top right
    CHECK(share_without_value(image) == Approx(2.0 / 54));
    for (int64_t y = 0; y < kFitsHeight; ++y) {
      for (int64_t x = 0; x < kFitsWidth; ++x) {
        const float value = image.band(0)[y * kFitsWidth + x];
        if (std::isnan(value)) continue;
        const double expected = kind == "8" ? std::max(8.0, ramp(y, x)) : ramp(y, x);
        CHECK(value == Approx(expected).margin(kind == "8" ? 2.01 : 0));
      }
    }
  }
}

TEST_CASE("bands are the planes of a cube or several HDUs, by name or position") {
  const std::string cube = fits_fixture("cube.fits.gz"), hdus = fits_fixture("hdus.fits.gz");
  BandImage image = read_fits(cube, {});
  CHECK(image.names == std::vector<std::string>{"g", "r", "z"});
  check_ramp(image, 1, 1000);
  image = read_fits(cube, {"z", "r", "g"});
  check_ramp(image, 0, 2000);
  check_ramp(image, 2, 0);
  image = read_fits(hdus, {});  // not the mask
  CHECK(image.bands() == 3);
  check_ramp(image, 1, 1000);
  check_ramp(read_fits(hdus, {"g"}), 0);
  check_ramp(read_fits(hdus, {"r"}), 0, 1000);  // R in the file
  check_ramp(read_fits(hdus, {"3"}), 0, 2000);
  CHECK(reading_error(hdus, {"i"}) == "no band i; there are 1 (g DECam SDSS c0001 4720.0 1520.0), 2 (R), 3 (z), 4 (MASK)");
  CHECK(reading_error(hdus, {"g", "r"}).starts_with("2 bands (1 (g DECam"));
  CHECK(reading_error(hdus, {"5"}).starts_with("no band 5"));
  CHECK(reading_error(fits_fixture("unequal.fits.gz")) == "its bands have 9 x 6 and 9 x 4 pixels");
  check_ramp(read_fits(fits_fixture("unequal.fits.gz"), {"z"}), 0);
}

TEST_CASE("FITS images in tiles of Rice and gzip are unpacked") {
  for (const std::string name : {"rice_i16", "gzip2_f32", "rice_f32"}) {
    CAPTURE(name);
    const BandImage image = read_fits(fits_fixture(name + ".fits.fz"), {});
    REQUIRE(image.height == 40);
    REQUIRE(image.width == 30);
    for (int64_t y = 0; y < 40; ++y) {
      for (int64_t x = 0; x < 30; ++x) {
        CHECK(image.band(0)[y * 30 + x] == Approx(ramp(y, x, 40)).margin(name == "rice_f32" ? 40 : 0));
      }
    }
  }
  CHECK(reading_error(fits_fixture("hcompress.fits.fz")) == "its tiles are compressed with HCOMPRESS_1; Rice and gzip are read");
}

TEST_CASE("a FITS file without a usable image says why") {
  CHECK(reading_error(fits_fixture("no_image.fits.gz")) == "a FITS file without an image of two or three axes");
  CHECK(reading_error(fits_fixture("spectrum.fits.gz")) == "a FITS file without an image of two or three axes");
  CHECK(reading_error(fits_fixture("four_axes.fits.gz")) ==
        "a FITS image of 4 axes; 2, or 3 with bands along the third, are read");
  CHECK(reading_error(fits_fixture("all_nan.fits.gz")) == "band 1 has no value: all its pixels are NaN or blank");
  const std::string plain = fits_fixture("plain.fits");
  CHECK(reading_error(with_key(plain, "NAXIS1", "20001")) == "20001 x 6 pixels: its width has more than 20000 pixels");
  CHECK(reading_error(with_key(plain, "NAXIS2", "99999999999")).find("pixels") != std::string::npos);
  CHECK(reading_error(with_key(plain, "NAXIS", "0")) == "a FITS file without an image of two or three axes");
  CHECK(reading_error(with_key(plain, "NAXIS1", "-9")).starts_with("damaged FITS: "));
  CHECK(reading_error(with_key(plain, "BITPIX", "17")).starts_with("damaged FITS: "));
  std::string without_axes = plain;
  without_axes.replace(without_axes.find("NAXIS   ="), 5, "MAXIS");
  CHECK(reading_error(without_axes).starts_with("damaged FITS: "));
  CHECK(reading_error(with_key(plain, "NAXIS2", "9000")) == "damaged FITS: the file ends too early");
  CHECK(reading_error(plain.substr(0, 2900)) == "damaged FITS: the file ends too early");
  for (const size_t size : {9, 80, 1000, 2879}) CHECK(reading_error(plain.substr(0, size)).starts_with("damaged FITS: "));
  const std::string packed = fits_fixture("cube.fits.gz");
  CHECK(reading_error(packed.substr(0, packed.size() / 2)) == "the file is compressed with gzip, but ends too early");
  CHECK(reading_error(unpacked("hdus.fits.gz").substr(0, 2880 * 3 + 100), {"1"}).starts_with("damaged FITS: "));
  check_ramp(read_fits(plain + std::string(2880 * 2, '\0'), {}), 0);  // blocks behind the end
  check_ramp(read_fits(plain.substr(0, 2880 + 4 * 54), {}), 0);       // the last block is not filled up
  CHECK(reading_error(plain.substr(0, 2880 + 4 * 54 - 1)) == "damaged FITS: the file ends too early");
}

TEST_CASE("several threads read FITS files at once") {
  const std::string rice = fits_fixture("rice_i16.fits.fz"), cube = fits_fixture("cube.fits.gz");
  std::vector<std::thread> threads;
  std::vector<int> good(4, 0);
  for (size_t t = 0; t < good.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const BandImage tiles = read_fits(rice, {}), planes = read_fits(cube, {"r"});
        good[t] += tiles.band(0)[0] == 3900 && planes.band(0)[0] == 1500;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : good) CHECK(count == 50);
}
