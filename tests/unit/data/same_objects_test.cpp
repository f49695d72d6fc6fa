#include "hpcai/data/same_objects.h"

#include <catch2/catch.hpp>

#include "hpcai/data/open.h"
#include "hpcai/data/png.h"
#include "support.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

void write_grey(const std::filesystem::path& path, int64_t side) {
  Image image{side, side, {}, 1};
  for (int64_t i = 0; i < 3 * side * side; ++i) image.pixels.push_back(static_cast<uint8_t>(i * 7 % 251));
  write_png(path, image);
}

}  // namespace

TEST_CASE("the name of an object is that of its file, without folders and ending") {
  CHECK(object_name("images/587722981742215240.jpg") == "587722981742215240");
  CHECK(object_name("a/b/J000000.80+004200.0.FITS.gz") == "J000000.80+004200.0");
  CHECK(object_name("ngc1300.fits.fz") == "ngc1300");
  CHECK(object_name("J000000.80+004200.0") == "J000000.80+004200.0");
  CHECK(object_name("17").empty());
  CHECK(object_name("1/17").empty());
  CHECK(object_name("17.png") == "17");
  for (const char* name : {"17", "0012", "img_7", "NGC1300", "a-b-1"}) CHECK(may_be_counter(name));
  for (const char* name : {"587722981742215240", "J000000.80+004200.0", "galaxy", "", "1234567"})
    CHECK_FALSE(may_be_counter(name));
}

TEST_CASE("splits that share names or positions are found, and small images") {
  const test::TemporaryFolder folder;
  for (const char* name : {"train", "test"}) std::filesystem::create_directory(folder / name);
  for (const char* name : {"train/587.png", "train/b.png", "test/587.png", "test/c.png", "test/d.png"})
    write_grey(folder / name, 9);
  ImageFolderConfig config = test::image_folder_config(folder,
                                                       "file,label,split,RA,Dec\n"
                                                       "train/587.png,a,train,10,0\n"
                                                       "train/b.png,b,train,359.9999,-30\n"
                                                       "test/587.png,a,test,11,0\n"
                                                       "test/c.png,b,test,0.0001,-30\n"
                                                       "./test/d.png,b,test,,\n");
  config.split_column = "split";
  Splits splits = data::open(config, 1);
  const auto names = same_names(*splits.train, *splits.test);
  REQUIRE(names.size() == 1);
  CHECK(splits.train->id(names[0].first) == "train/587.png");
  CHECK(splits.test->id(names[0].second) == "test/587.png");
  const Positions train = sky_positions(config, *splits.train), test = sky_positions(config, *splits.test);
  REQUIRE(test.size() == 3);
  CHECK_FALSE(test[2].has_value());
  CHECK(same_positions(train, test, 0.6, 1).empty());
  const auto near = same_positions(train, test, 0.7, 1);  // 0.0002 degrees x cos 30 = 0.624 arcsec
  REQUIRE(near.size() == 1);
  CHECK(near[0].first == 1);
  CHECK(near[0].second == 1);
  CHECK(near[0].separation_arcsec == Approx(0.6235).margin(1e-3));
  CHECK(same_positions({}, test, 1, 1).empty());

  CHECK(splits.train->enlarged(0).empty());
  config.image_size = 16;
  config.crop = 8;
  CHECK(data::open(config, 1).train->enlarged(1) == (folder / "train/b.png").string() + " (" + (folder / "labels.csv").string() +
                                                        ":3): 9 x 9 pixels, of which 8 x 8 are used");
}
