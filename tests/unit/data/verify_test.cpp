#include "hpcai/data/verify.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <limits>

#include "hpcai/data/open.h"
#include "hpcai/data/png.h"
#include "support.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

// 40 waveforms of 4 samples with 11 bad rows.
WaveformHdf5Config waveforms_with_faults(const std::filesystem::path& path) {
  std::vector<double> values(160, 0.5), labels;
  for (size_t row = 0; row < 40; ++row) {
    values[4 * row] = static_cast<double>(row);
    labels.insert(labels.end(), {1, 0, 0});
  }
  for (size_t row = 3; row < 33; row += 3) values[4 * row + 1] = row % 2 == 0 ? std::nan("") : -1e300;
  values[4 * 39 + 3] = -std::numeric_limits<double>::infinity();
  H5::H5File file(path.string(), H5F_ACC_TRUNC);
  test::write_array(file, "data", {40, 4}, values, H5::PredType::IEEE_F64LE);
  test::write_array(file, "labels", {40, 3}, labels, H5::PredType::IEEE_F64LE);
  WaveformHdf5Config config;
  config.train = path.string();
  config.t_min = -3;
  config.t_max = 1;
  config.t_step = 1;
  return config;
}

}  // namespace

TEST_CASE("all samples are read, all faults are counted, and the first are named in order") {
  const test::TemporaryFolder folder;
  DataConfig config = waveforms_with_faults(folder / "a.h5");
  const Splits splits = data::open(config, 2);
  int64_t heard = 0;
  const Verification found = verify(*splits.train, 3, [&](int64_t done, int64_t total) {
    heard = done;
    CHECK(total == 40);
  });
  CHECK(heard == 40);
  CHECK(found.unusable.count == 11);
  CHECK_FALSE(found.all_missing);
  CHECK(found.constant.count == 0);
  const std::string where = (folder / "a.h5").string() + ", data set data, row ";
  CHECK(found.unusable.first == std::vector<std::string>{where + "3: sample 1 is -1e+300, which does not fit into float32",
                                                         where + "6: sample 1 is nan, not a finite number",
                                                         where + "9: sample 1 is -1e+300, which does not fit into float32",
                                                         where + "12: sample 1 is nan, not a finite number",
                                                         where + "15: sample 1 is -1e+300, which does not fit into float32"});
}

TEST_CASE("truncated images, missing images and images of one colour are found") {
  const test::TemporaryFolder folder;
  std::string catalogue = "file,label\n";
  for (int i = 0; i < 6; ++i) {
    Image image{9, 9, std::vector<uint8_t>(9 * 9 * 3, static_cast<uint8_t>(40 * i)), 1};
    if (i != 4) {
      for (size_t k = 0; k < image.pixels.size(); ++k) image.pixels[k] = static_cast<uint8_t>(k * 7 % 251);
    }
    const std::string name = std::to_string(i) + ".png";
    write_png(folder / name, image);
    catalogue += name + (i % 2 == 0 ? ",b\n" : ",a\n");
  }
  DataConfig config = test::image_folder_config(folder, catalogue);
  disable_cache(config);
  CHECK(is_stored(config));
  const Splits splits = data::open(config, 2);
  CHECK(class_counts(*splits.train) == std::vector<std::pair<std::string, int64_t>>{{"a", 3}, {"b", 3}});
  std::filesystem::resize_file(folder / "2.png", std::filesystem::file_size(folder / "2.png") - 30);
  std::filesystem::remove(folder / "5.png");
  Verification found = verify(*splits.train, 2, {});
  CHECK(found.unusable.count == 2);
  CHECK_FALSE(found.all_missing);
  CHECK(found.unusable.first[0].starts_with((folder / "2.png").string() + " ("));
  CHECK(found.constant.count == 1);
  CHECK(found.constant.first[0].starts_with((folder / "4.png").string() + " ("));
  for (int i = 0; i < 6; ++i) std::filesystem::remove(folder / (std::to_string(i) + ".png"));
  found = verify(*splits.train, 2, {});
  CHECK(found.unusable.count == 6);
  CHECK(found.all_missing);
}

TEST_CASE("simulated data are not stored, and a regression has no classes") {
  DataConfig config = SyntheticImagesConfig{};
  disable_cache(config);
  CHECK_FALSE(is_stored(config));
  CHECK_FALSE(is_stored(SimulatedGalaxiesConfig{}));
  const test::TemporaryFolder folder;
  const Splits splits = data::open(waveforms_with_faults(folder / "a.h5"), 1);
  CHECK(class_counts(*splits.train).empty());
}
