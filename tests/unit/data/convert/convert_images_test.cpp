#include "hpcai/data/convert/convert_images.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "../support.h"
#include "hpcai/core/file.h"
#include "hpcai/core/sha256.h"
#include "hpcai/data/convert/partial_hdf5.h"
#include "hpcai/data/open.h"
#include "hpcai/data/png.h"
#include "hpcai/data/sources/image_folder.h"
#include "hpcai/data/sources/image_hdf5.h"
#include "hpcai/data/sources/simulated_waveforms.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace fs = std::filesystem;

namespace {

// 150 noisy images of side 20 in two classes, of which 20 are for validation and 10 for tests.
ImageFolderConfig noisy_folder(const test::TemporaryFolder& folder) {
  std::string catalogue = "file,label,split\n";
  uint32_t state = 1;
  for (int i = 0; i < 150; ++i) {
    Image image{20, 20, std::vector<uint8_t>(20 * 20 * 3), 1};
    for (uint8_t& byte : image.pixels) byte = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
    const std::string name = "g" + std::to_string(i) + ".png";
    write_png(folder / name, image);
    catalogue += name + (i % 2 == 0 ? ",b," : ",a,") + (i < 120 ? "train\n" : i < 140 ? "val\n" : "test\n");
  }
  ImageFolderConfig config = test::image_folder_config(folder, catalogue);
  config.split_column = "split";
  config.image_size = 12;
  config.transform.scaling = PixelScaling::signed_unit;
  config.transform.augmentation.horizontal_flip = true;
  config.transform.augmentation.rotation_deg = 45;
  return config;
}

ImageHdf5Config reading(const std::string& pattern, const ImageFolderConfig& folder) {
  ImageHdf5Config config;
  config.train = pattern + ":train";
  config.validation = pattern + ":validation";
  config.test = pattern + ":test";
  config.transform = folder.transform;
  return config;
}

// Names, labels, plain and augmented inputs are the same.
void check_equal(Splits a, Splits b) {
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    const Dataset &one = *a.of(split), &other = *b.of(split);
    REQUIRE(one.size() == other.size());
    CHECK(one.spec() == other.spec());
    const Draw draw{5, 2};
    for (int64_t i = 0; i < one.size(); ++i) {
      CHECK(one.id(i) == other.id(i));
      REQUIRE(test::read_input(one, i) == test::read_input(other, i));
      REQUIRE(test::read_input(one, i, &draw) == test::read_input(other, i, &draw));
      const int64_t rows[] = {i};
      CHECK(one.targets(rows).item<int64_t>() == other.targets(rows).item<int64_t>());
    }
  }
}

}  // namespace

TEST_CASE("a converted folder is the same data") {
  const test::TemporaryFolder folder;
  const ImageFolderConfig config = noisy_folder(folder);
  ConvertSettings settings;
  settings.out = folder / "all.h5";
  const Converted converted = convert_images(config, settings, nullptr);
  CHECK(converted.made == 150);
  CHECK(converted.images == std::vector<std::pair<std::string, int64_t>>{{"train", 120}, {"validation", 20}, {"test", 10}});
  check_equal(data::open(config, 2), data::open(reading((folder / "all.h5").string(), config), 2));
  CHECK(converted.digests[0].second == sha256(read_file(folder / "all.h5")));
  CHECK(read_file(folder / "all.h5.sha256") == converted.digests[0].second + "  all.h5\n");
  CHECK_FALSE(fs::exists(folder / "all.h5.partial"));
  CHECK_FALSE(fs::exists(folder / "all.h5.partial.log"));
  settings.threads = 1;
  settings.out = folder / "again.h5";
  CHECK(convert_images(config, settings, nullptr).digests[0].second == converted.digests[0].second);
  settings.resume = true;
  CHECK(convert_images(config, settings, nullptr).kept == 150);
}

TEST_CASE("a converted set of several files is the same data in the same order") {
  const test::TemporaryFolder folder;
  const ImageFolderConfig config = noisy_folder(folder);
  ConvertSettings settings;
  settings.out = folder / "set.h5";
  settings.shards = 3;
  CHECK(convert_images(config, settings, nullptr).digests.size() == 3);
  check_equal(data::open(config, 2), data::open(reading((folder / "set-*.h5").string(), config), 2));
  fs::remove(folder / "set-00001-of-00003.h5");
  CHECK(thrown_by([&] { data::open(reading((folder / "set-*.h5").string(), config), 2); }).code == ExitCode::missing_input);
  settings.resume = true;
  const Converted completed = convert_images(config, settings, nullptr);
  CHECK(completed.made == 50);
  CHECK(completed.kept == 100);
  settings.shards = 4;
  CHECK(thrown_by([&] { convert_images(config, settings, nullptr); }).code == ExitCode::cannot_resume);
  settings.out = folder / "other.h5";
  settings.shards = 11;
  CHECK(thrown_by([&] { convert_images(config, settings, nullptr); }).code == ExitCode::usage);
}

TEST_CASE("what was made with other settings is not completed") {
  const test::TemporaryFolder folder;
  ImageFolderConfig config = noisy_folder(folder);
  ConvertSettings settings;
  settings.out = folder / "all.h5";
  convert_images(config, settings, nullptr);
  settings.resume = true;
  config.image_size = 10;
  CHECK(thrown_by([&] { convert_images(config, settings, nullptr); }).code == ExitCode::cannot_resume);
  settings.resume = false;
  CHECK(convert_images(config, settings, nullptr).made == 150);
  CHECK(thrown_by([&] { convert_images(SimulatedWaveformsConfig{}, settings, nullptr); }).code == ExitCode::usage);
}

TEST_CASE("an image that cannot be read ends a conversion, and leaves what is done for the next") {
  const test::TemporaryFolder folder;
  const ImageFolderConfig config = noisy_folder(folder);
  const std::string sound = read_file(folder / "g130.png");
  std::ofstream(folder / "g130.png", std::ios::binary) << sound.substr(0, sound.size() - 30);
  ConvertSettings settings;
  settings.out = folder / "all.h5";
  settings.threads = 1;
  settings.resume = true;
  const auto thrown = thrown_by([&] { convert_images(config, settings, nullptr); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what.find("g130.png") != std::string::npos);
  CHECK_FALSE(fs::exists(folder / "all.h5"));
  CHECK(fs::exists(folder / "all.h5.partial"));
}

TEST_CASE("a partial file goes on where it was left") {
  const test::TemporaryFolder folder;
  const std::vector<NewArray> arrays = {{"a/x", {40, 2}, ElementType::float64}};
  const auto fill = [](PartialHdf5& file, int64_t from, int64_t to) {
    for (int64_t row = from; row < to; ++row) {
      const double values[] = {static_cast<double>(row), 0.5};
      file.write_row(0, row, values);
      file.mark_done(row);
    }
  };
  {
    PartialHdf5 whole(folder / "whole.h5", arrays, {}, "id", 40, false);
    fill(whole, 0, 40);
    whole.finish();
  }
  {
    PartialHdf5 part(folder / "part.h5", arrays, {}, "id", 40, true);
    fill(part, 0, 37);
  }
  std::ofstream(folder / "part.h5.partial.log", std::ios::app) << "39";  // a line that is cut off
  CHECK(thrown_by([&] { PartialHdf5(folder / "part.h5", arrays, {}, "other", 40, true); }).code == ExitCode::cannot_resume);
  PartialHdf5 rest(folder / "part.h5", arrays, {}, "id", 40, true);
  CHECK(rest.count_done() == 32);  // recorded sixteen at a time
  CHECK(rest.is_done(31));
  CHECK_FALSE(rest.is_done(32));
  CHECK_FALSE(rest.is_done(39));
  fill(rest, 32, 40);
  rest.finish();
  CHECK(read_file(folder / "part.h5") == read_file(folder / "whole.h5"));
  CHECK_FALSE(fs::exists(folder / "part.h5.partial.log"));
}
