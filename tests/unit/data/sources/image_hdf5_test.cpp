#include "hpcai/data/sources/image_hdf5.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "../support.h"
#include "hpcai/data/image.h"
#include "hpcai/data/open.h"
#include "hpcai/data/wrappers/augmented_images.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace {

ImageHdf5Config config_for(const std::string& train) {
  ImageHdf5Config config;
  config.train = train;
  config.transform.scaling = PixelScaling::unit;
  return config;
}

void write_names(const std::filesystem::path& path, const std::vector<const char*>& names) {
  H5::H5File file(path.string(), H5F_ACC_RDWR);
  const hsize_t count = names.size();
  const H5::StrType type(H5::PredType::C_S1, H5T_VARIABLE);
  file.createAttribute("class_names", type, H5::DataSpace(1, &count)).write(type, names.data());
}

uint8_t byte_at(int64_t row, int64_t y, int64_t x, int c) { return static_cast<uint8_t>((7 * row + 5 * y + 3 * x + c) % 256); }

}  // namespace

TEST_CASE("an image file gives planar floats and labels, cached or not") {
  const test::TemporaryFolder folder;
  test::write_image_file(folder / "a.h5", 5, 20);
  for (int64_t cache_mb : {0, 10}) {
    ImageHdf5Config config = config_for((folder / "a.h5").string());
    config.cache_mb = cache_mb;
    const Splits splits = data::open(config, 1);
    CHECK(splits.train->spec().input_shape == std::vector<int64_t>{3, 20, 20});
    CHECK(splits.train->spec().class_names == std::vector<std::string>{"0", "1"});
    CHECK(splits.validation == nullptr);
    const auto input = test::read_input(*splits.train, 3);
    for (int c = 0; c < 3; ++c) {
      for (int64_t y = 0; y < 20; ++y) {
        for (int64_t x = 0; x < 20; ++x) {
          REQUIRE(input[static_cast<size_t>((c * 20 + y) * 20 + x)] == Approx(byte_at(3, y, x, c) / 255.0).margin(1e-6));
        }
      }
    }
    const int64_t rows[] = {3, 0};
    CHECK(splits.train->targets(rows).data_ptr<int64_t>()[0] == 1);
    CHECK(splits.train->targets(rows).data_ptr<int64_t>()[1] == 0);
  }
}

TEST_CASE("training images are augmented, evaluation images are not") {
  const test::TemporaryFolder folder;
  test::write_image_file(folder / "a.h5", 5, 20);
  ImageHdf5Config config = config_for((folder / "a.h5").string());
  config.transform.augmentation.rotation_deg = 45;
  const Splits splits = data::open(config, 1);
  const Draw draw{1, 0};
  CHECK(test::read_input(*splits.train, 0, &draw) != test::read_input(*splits.train, 0));
  CHECK(test::read_input(*splits.train, 0, &draw) == test::read_input(*splits.train, 0, &draw));
}

TEST_CASE("image_size resizes what the file holds") {
  const test::TemporaryFolder folder;
  test::write_image_file(folder / "a.h5", 3, 20);
  test::write_image_file(folder / "b.h5", 3, 31);
  ImageHdf5Config config = config_for((folder / "a.h5").string());
  config.validation = (folder / "b.h5").string();
  CHECK(thrown_by([&] { data::open(config, 1); }).what ==
        (folder / "b.h5").string() + ", data set images: images of 31 x 31 pixels, but 20 x 20 in the training file");
  config.image_size = 10;
  const Splits splits = data::open(config, 1);
  CHECK(splits.validation->spec() == splits.train->spec());
  std::vector<uint8_t> whole(20 * 20 * 3), small(10 * 10 * 3);
  for (int64_t i = 0; i < 400; ++i) {
    for (int c = 0; c < 3; ++c) whole[static_cast<size_t>(3 * i + c)] = byte_at(1, i / 20, i % 20, c);
  }
  resize_pixels(whole.data(), 20, 20, 10, small.data());
  CHECK(test::read_input(*splits.train, 1)[55] == Approx(small[3 * 55] / 255.0).margin(1e-6));
}

TEST_CASE("class names come from the file or the config and must agree") {
  const test::TemporaryFolder folder;
  test::write_image_file(folder / "a.h5", 4, 16);
  write_names(folder / "a.h5", {"elliptical", "spiral"});
  ImageHdf5Config config = config_for((folder / "a.h5").string());
  CHECK(data::open(config, 1).train->spec().class_names == std::vector<std::string>{"elliptical", "spiral"});
  config.classes = {"spiral", "elliptical"};
  CHECK(thrown_by([&] { data::open(config, 1); }).what == (folder / "a.h5").string() +
                                                              ", data set images: attribute class_names is [elliptical, spiral], "
                                                              "but the config says data.classes: [spiral, elliptical]");
  test::write_image_file(folder / "b.h5", 4, 16);
  write_names(folder / "b.h5", {"spiral", "elliptical"});
  config.classes.clear();
  config.validation = (folder / "b.h5").string();
  CHECK(thrown_by([&] { data::open(config, 1); }).what ==
        (folder / "b.h5").string() +
            ", data set images: attribute class_names is [spiral, elliptical], but [elliptical, spiral] in the training file");
}

TEST_CASE("class names are told apart, shown and counted") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  const std::pair<std::vector<const char*>, std::string> wrong[] = {
      {{"spiral", "spiral"}, ", attribute class_names: names the class spiral twice"},
      {{"spiral", ""}, ", attribute class_names: class name '' is empty"},
      {{"spiral", "a\033[2J"}, ", attribute class_names: class name 'a\\x1b[2J' holds a control character"},
      {{"spiral", "elliptique \xE9"}, ", attribute class_names: class name 'elliptique \\xe9' is not UTF-8"},
      {{"a", "a "}, ", attribute class_names: class name 'a ' has blanks at its ends"},
      {{"spiral", "Spiral"}, ", attribute class_names: class name 'Spiral' differs from 'spiral' in upper and lower case alone"},
      {{"a", "nan"}, ", attribute class_names: class name 'nan' stands for a missing value"},
      {{"0", "0.0"}, ", attribute class_names: class name '0.0' differs from '0' only in how the number is written"},
      {{"spiral"}, ", data set labels: has only one class (spiral)"}};
  for (const auto& [names, message] : wrong) {
    test::write_image_file(path, 4, 16);
    write_names(path, names);
    const auto thrown = thrown_by([&] { data::open(config_for(path), 1); });
    CHECK(thrown.code == ExitCode::bad_data);
    CHECK(thrown.what == path + message);
  }
  test::write_image_file(path, 4, 16);
  ImageHdf5Config config = config_for(path);
  write_names(path, {"spiral", "Spiral"});
  config.classes = {"spiral", "Spiral"};
  CHECK(data::open(config, 1).train->spec().class_names == config.classes);  // the remedy
  config.classes = {"spiral", "spiral"};
  test::write_image_file(path, 4, 16);
  CHECK(thrown_by([&] { data::open(config, 1); }).what == "data.classes: names the class spiral twice");
}

TEST_CASE("names of fixed length that are padded with blanks, as Fortran writes them, are read without") {
  const test::TemporaryFolder folder;
  test::write_image_file(folder / "a.h5", 4, 16);
  {
    H5::H5File file((folder / "a.h5").string(), H5F_ACC_RDWR);
    H5::StrType type(H5::PredType::C_S1, 10);
    type.setStrpad(H5T_STR_SPACEPAD);
    const hsize_t count = 2;
    file.createAttribute("class_names", type, H5::DataSpace(1, &count)).write(type, std::string("ellipticalspiral    ").data());
  }
  CHECK(data::open(config_for((folder / "a.h5").string()), 1).train->spec().class_names ==
        std::vector<std::string>{"elliptical", "spiral"});
}

TEST_CASE("labels of a file with the network's classes in another order are taken by their names") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  test::write_image_file(path, 4, 16);
  ImageHdf5Config config = config_for(path);
  config.test = path;
  NetworkUse use{image_spec(16, 16, {"elliptical", "spiral"}, PixelScaling::unit)};
  const auto labels = [&] {
    const auto dataset = open_source_split(config, Split::test, use);
    const int64_t rows[] = {0, 1, 2, 3};
    const at::Tensor found = dataset->targets(rows);
    return std::vector<int64_t>(found.data_ptr<int64_t>(), found.data_ptr<int64_t>() + 4);
  };
  write_names(path, {"spiral", "elliptical"});
  CHECK(labels() == std::vector<int64_t>{1, 0, 1, 0});
  test::write_image_file(path, 4, 16);
  write_names(path, {"merger", "elliptical"});
  const auto thrown = thrown_by([&] { labels(); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what ==
        path +
            ", data set labels, row 0: class merger is not one of the classes of the training (elliptical, spiral); 2 "
            "of 4 rows are such");
  use.labels_optional = true;
  CHECK(labels() == std::vector<int64_t>{kUnlabelled, 0, kUnlabelled, 0});
}

TEST_CASE("labels that are bool, an enumeration or big-endian are class indices, too") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  H5::EnumType boolean(H5::PredType::NATIVE_INT8);
  int8_t no = 0, yes = 1;
  boolean.insert("FALSE", &no);
  boolean.insert("TRUE", &yes);
  const hsize_t count = 3;
  const int8_t values[] = {1, 0, 1};
  for (const H5::DataType& type : {H5::DataType(boolean), H5::DataType(H5::PredType::STD_I16BE)}) {
    {
      H5::H5File file(path, H5F_ACC_TRUNC);
      test::write_array(file, "images", {3, 8, 8, 3}, std::vector<double>(3 * 8 * 8 * 3, 1), H5::PredType::STD_U8LE);
      const bool is_enum = type.getClass() == H5T_ENUM;
      file.createDataSet("labels", type, H5::DataSpace(1, &count)).write(values, is_enum ? type : H5::PredType::NATIVE_INT8);
    }
    const Splits splits = data::open(config_for(path), 1);
    const int64_t rows[] = {0, 1, 2};
    const at::Tensor labels = splits.train->targets(rows);
    CHECK(std::vector<int64_t>(labels.data_ptr<int64_t>(), labels.data_ptr<int64_t>() + 3) == std::vector<int64_t>{1, 0, 1});
  }
}

TEST_CASE("the layout of DL_DES is read: groups, data, one-hot labels") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "set.h5").string();
  {
    H5::H5File file(path, H5F_ACC_TRUNC);
    for (const char* group : {"train", "valid"}) {
      file.createGroup(group);
      test::write_array(file, std::string(group) + "/data", {3, 16, 16, 3}, std::vector<double>(3 * 16 * 16 * 3, 51),
                        H5::PredType::STD_U8LE);
      test::write_array(file, std::string(group) + "/labels", {3, 2}, {1, 0, 0, 1, 0, 1}, H5::PredType::STD_U8LE);
    }
  }
  ImageHdf5Config config = config_for(path + ":train");
  config.validation = path + ":valid";
  const Splits splits = data::open(config, 1);
  CHECK(splits.train->size() == 3);
  CHECK(test::read_input(*splits.validation, 2)[0] == Approx(0.2));
  const int64_t rows[] = {0, 1, 2};
  const at::Tensor labels = splits.train->targets(rows);
  CHECK(std::vector<int64_t>(labels.data_ptr<int64_t>(), labels.data_ptr<int64_t>() + 3) == std::vector<int64_t>{0, 1, 1});
  config.train = path + ":nowhere";
  const auto thrown = thrown_by([&] { data::open(config, 1); });
  CHECK(thrown.code == ExitCode::missing_input);
  CHECK(thrown.what == path + " has no group nowhere");
}

TEST_CASE("each way in which an image file can break its contract has its own message") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  auto make = [&](const std::vector<hsize_t>& shape, const H5::DataType& type, const std::vector<double>& labels) {
    H5::H5File file(path, H5F_ACC_TRUNC);
    hsize_t count = 1;
    for (hsize_t extent : shape) count *= extent;
    test::write_array(file, "images", shape, std::vector<double>(count, 1), type);
    test::write_array(file, "labels", {labels.size()}, labels, H5::PredType::IEEE_F64LE);
  };
  auto complaint = [&](std::vector<std::string> classes = {}) {
    ImageHdf5Config config = config_for(path);
    config.classes = std::move(classes);
    const auto thrown = thrown_by([&] { data::open(config, 1); });
    CHECK(thrown.code == ExitCode::bad_data);
    return thrown.what.substr(std::min(thrown.what.size(), path.size()));
  };
  const H5::PredType& byte = H5::PredType::STD_U8LE;
  make({2, 3, 16, 16}, byte, {0, 1});
  CHECK(complaint() ==
        ", data set images: shape [2, 3, 16, 16], expected [n, height, width, 3]; it looks like [n, 3, height, width], which "
        "images.transpose(0, 2, 3, 1) of NumPy turns round");
  make({2, 16, 16, 3}, H5::PredType::IEEE_F32LE, {0, 1});
  CHECK(complaint() == ", data set images: its values are float32, expected uint8");
  make({2, 16, 16}, byte, {0, 1});
  CHECK(complaint() == ", data set images: shape [2, 16, 16], expected 4 dimensions");
  make({2, 16, 16, 3}, byte, {0, 1, 1});
  CHECK(complaint() == ": 2 images but 3 labels");
  make({2, 16, 16, 3}, byte, {0, -1});
  CHECK(complaint() == ", data set labels, row 1: -1 is not a class index 0, 1, ...");
  make({2, 16, 16, 3}, byte, {0.5, 1});
  CHECK(complaint() == ", data set labels, row 0: 0.5 is not a class index 0, 1, ...");
  make({2, 16, 16, 3}, byte, {0, 2});
  CHECK(complaint({"elliptical", "spiral"}) == ", data set labels, row 1: class 2, but there are 2 classes (elliptical, spiral)");
  make({2, 16, 16, 3}, H5::PredType::STD_U16LE, {0, 1});
  CHECK(complaint() == ", data set images: its values are uint16, expected uint8");
  make({2, 16, 16, 4}, byte, {0, 1});
  CHECK(complaint() ==
        ", data set images: shape [2, 16, 16, 4], expected [n, height, width, 3]; a fourth channel (transparency) is not read");
  make({2, 16, 16, 3}, byte, {0, std::nan("")});
  CHECK(complaint() == ", data set labels, row 1: nan is not a class index 0, 1, ...");
  make({2, 16, 16, 3}, byte, {0, 1e10});
  CHECK(complaint() == ", data set labels, row 1: 1e+10 is not a class index 0, 1, ...");
  make({2, 16, 16, 3}, byte, {0, 4711000});
  CHECK(complaint() == ", data set labels, row 1: class 4711000");
  make({2, 16, 16, 3}, byte, {3, 3});
  CHECK(complaint() == ", data set labels: has only one class (3)");
  make({1, 5000, 8, 3}, byte, {0});
  CHECK(complaint() == ", data set images: images of 8 x 5000 pixels; at most 4096 a side");
}
