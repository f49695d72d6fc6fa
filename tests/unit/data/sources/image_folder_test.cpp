#include "hpcai/data/sources/image_folder.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <set>

#include "../support.h"
#include "hpcai/data/augmentation.h"
#include "hpcai/data/open.h"
#include "hpcai/data/png.h"
#include "hpcai/data/tables/catalogue.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace fs = std::filesystem;

namespace {

// `count` PNG images of side 20, the i-th of brightness 10 i, labelled b, a, b, a, ...
std::string make_folder_of_images(const test::TemporaryFolder& folder, int count) {
  std::string catalogue = "file,label\n";
  for (int i = 0; i < count; ++i) {
    const std::string name = "image" + std::to_string(i) + ".png";
    write_png(folder / name, {20, 20, std::vector<uint8_t>(20 * 20 * 3, static_cast<uint8_t>(10 * i)), 1});
    catalogue += name + (i % 2 == 0 ? ",b\n" : ",a\n");
  }
  return catalogue;
}

}  // namespace

TEST_CASE("a stated number of classes stands for their names, and the data must have it") {
  const test::TemporaryFolder folder;
  ImageFolderConfig config = test::image_folder_config(folder, make_folder_of_images(folder, 6));
  CHECK_FALSE(data::spec_of(config));
  config.class_count = 2;
  CHECK(data::spec_of(config)->class_names.size() == 2);
  CHECK(data::open(config, 2).train->size() == 6);
  config.class_count = 3;
  const auto thrown = thrown_by([&] { data::open(config, 2); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what.find("data.class_count is 3") != std::string::npos);
}

TEST_CASE("a folder of images is read by its catalogue, and classes are in alphabetical order") {
  const test::TemporaryFolder folder;
  const ImageFolderConfig config = test::image_folder_config(folder, make_folder_of_images(folder, 6));
  const Splits splits = data::open(config, 2);
  CHECK(splits.train->size() == 6);
  CHECK(splits.train->spec().class_names == std::vector<std::string>{"a", "b"});
  CHECK(splits.train->spec().input_shape == std::vector<int64_t>{3, 8, 8});
  CHECK(splits.train->id(3) == "image3.png");
  CHECK(splits.train->where(3) == (folder / "image3.png").string() + " (" + (folder / "labels.csv").string() + ":5)");
  const int64_t rows[] = {0, 1};
  CHECK(splits.train->targets(rows).data_ptr<int64_t>()[0] == 1);
  CHECK(splits.train->targets(rows).data_ptr<int64_t>()[1] == 0);
  for (int repeat = 0; repeat < 2; ++repeat) {
    for (float value : test::read_input(*splits.train, 5)) REQUIRE(value == Approx(50 / 255.0));
  }
}

TEST_CASE("the class order of the config is kept") {
  const test::TemporaryFolder folder;
  ImageFolderConfig config = test::image_folder_config(folder, make_folder_of_images(folder, 4));
  config.classes = {"b", "a"};
  const int64_t rows[] = {0};
  CHECK(data::open(config, 1).train->targets(rows).data_ptr<int64_t>()[0] == 0);
  config.classes = {"b", "c"};
  const std::string file = (folder / "labels.csv").string(), unknown = ": label 'a' is not one of data.classes (b, c)";
  CHECK(thrown_by([&] { data::open(config, 1); }).what ==
        "2 of 4 rows have no label that can be used:\n  " + file + ":3" + unknown + "\n  " + file + ":5" + unknown);
}

TEST_CASE("without validation rows a hash of the names sets some aside, independently of other rows") {
  const test::TemporaryFolder folder;
  std::string all = "file,label\n", some = "file,label\n";
  for (int i = 0; i < 2000; ++i) {
    const std::string row = "f" + std::to_string(i) + ".png," + (i % 3 == 0 ? "a" : "b") + "\n";
    all += row;
    if (i % 2 == 0) some += row;
  }
  auto validation = [&](const std::string& catalogue, int64_t seed) {
    ImageFolderConfig config = test::image_folder_config(folder, catalogue);
    config.validation_fraction = 0.2;
    config.seed = seed;
    std::set<std::string> names;
    for (const auto& row : read_catalogue(config).validation) names.insert(row.file);
    return names;
  };
  const auto chosen = validation(all, 1);
  CHECK(chosen.size() > 340);
  CHECK(chosen.size() < 460);
  CHECK(validation(all, 1) == chosen);
  CHECK(validation(all, 2) != chosen);
  for (const auto& name : validation(some, 1)) CHECK(chosen.count(name) == 1);
}

TEST_CASE("each fault of a catalogue has its own message with file and line") {
  const test::TemporaryFolder folder;
  auto complaint = [&](const std::string& catalogue, const std::string& split_column = "") {
    ImageFolderConfig config = test::image_folder_config(folder, catalogue);
    config.split_column = split_column;
    const auto thrown = thrown_by([&] { data::open(config, 1); });
    CHECK(thrown.code == ExitCode::bad_data);
    return thrown.what.substr(std::min(thrown.what.size(), folder.path().string().size() + 1));
  };
  CHECK(complaint("") == "labels.csv is empty: expected a header line and rows");
  CHECK(complaint("file,label\n") == "labels.csv: a header but no rows");
  CHECK(complaint("name,label\na.png,x\n") == "labels.csv: no column file; there are name, label");
  CHECK(complaint("file,label\na.png,x,y\n") == "labels.csv:2: 3 cells, but the header has 2 columns");
  CHECK(complaint("file,file\na.png,x\n") == "labels.csv:1: two columns have the same name (file, file)");
  CHECK(complaint("file,label\n\"a.png,x\n") == "labels.csv:2: a quote is opened and never closed");
  CHECK(complaint("file,label\na.png,\n") == "labels.csv:2: no label");
  CHECK(complaint("file,label\n,x\nb.png,y\n") == "labels.csv:2: no file name");
  CHECK(complaint("file,label\na.png,x\nb.png,x\n") == "labels.csv: column label has only one class (x)");
  CHECK(complaint("file,label\na.png,x\n../b.png,y\n") == "labels.csv:3: ../b.png leads out of the folder");
  CHECK(complaint("file,label\n/etc/passwd,x\nb.png,y\n") == "labels.csv:2: /etc/passwd leads out of the folder");
  CHECK(complaint("file,label\na/../../b.png,x\nb.png,y\n") == "labels.csv:2: a/../../b.png leads out of the folder");
  CHECK(complaint("file,label\na.png,x\nb.png,y\n./a.png,y\n") ==
        "labels.csv:4: a.png is already in " + (folder / "labels.csv").string() + ":2");
  CHECK(complaint("file,label,split\na.png,x,train\nb.png,y,trian\n", "split") ==
        "labels.csv:3: split 'trian' is not train, validation or test");
  CHECK(complaint("file,label,split\na.png,x,test\nb.png,y,test\n", "split") == "labels.csv: no row is left for training");
}

TEST_CASE("a missing folder and a missing catalogue are missing input") {
  const test::TemporaryFolder folder;
  ImageFolderConfig config;
  config.folder = (folder / "none").string();
  auto thrown = thrown_by([&] { data::open(config, 1); });
  CHECK(thrown.code == ExitCode::missing_input);
  CHECK(thrown.what == "data.folder: " + config.folder + " is not a folder");
  config.folder = folder.path().string();
  thrown = thrown_by([&] { data::open(config, 1); });
  CHECK(thrown.code == ExitCode::missing_input);
  CHECK(thrown.what == "cannot read " + (folder / "labels.csv").string() + ": No such file or directory");
}

TEST_CASE("files that are no images are reported together when the folder is opened") {
  const test::TemporaryFolder folder;
  std::string catalogue = "file,label\n";
  for (int i = 0; i < 8; ++i) {
    const std::string name = "t" + std::to_string(i) + ".jpg";
    std::ofstream(folder / name) << "this is text";
    catalogue += name + (i % 2 == 0 ? ",a\n" : ",b\n");
  }
  auto thrown = thrown_by([&] { data::open(test::image_folder_config(folder, catalogue), 2); });
  CHECK(thrown.code == ExitCode::bad_data);
  const std::string root = folder.path().string();
  std::string expected = "8 of 8 train images cannot be used:";
  for (int i = 0; i < 5; ++i) {
    expected += "\n  " + root + "/t" + std::to_string(i) + ".jpg (" + root + "/labels.csv:" + std::to_string(i + 2) +
                "): neither a JPEG, a PNG nor a FITS file";
  }
  CHECK(thrown.what == expected + "\n  and 3 more");
  CHECK(thrown.remedy == "Files must be JPEG, PNG or FITS; replace them or remove their rows from the table that lists them.");

  thrown = thrown_by([&] { data::open(test::image_folder_config(folder, "file,label\nx.jpg,a\ny.jpg,b\n"), 2); });
  CHECK(thrown.code == ExitCode::missing_input);
  CHECK(thrown.what == "2 of 2 train images cannot be used:\n  cannot read " + root + "/x.jpg: No such file or directory (" +
                           root + "/labels.csv:2)\n  cannot read " + root + "/y.jpg: No such file or directory (" + root +
                           "/labels.csv:3)");
}

TEST_CASE("an image smaller than the crop is found when the folder is opened") {
  const test::TemporaryFolder folder;
  ImageFolderConfig config = test::image_folder_config(folder, make_folder_of_images(folder, 2));
  config.crop = 21;
  CHECK(thrown_by([&] {
          data::open(config, 1);
        }).what.find("image0.png (" + (folder / "labels.csv").string() + ":2): 20 x 20 pixels, smaller than the crop of 21") !=
        std::string::npos);
}

TEST_CASE("an image that is damaged behind its header is named when it is read") {
  const test::TemporaryFolder folder;
  const ImageFolderConfig config = test::image_folder_config(folder, make_folder_of_images(folder, 4));
  fs::resize_file(folder / "image2.png", fs::file_size(folder / "image2.png") - 20);
  const Splits splits = data::open(config, 1);
  test::read_input(*splits.train, 1);
  const auto thrown = thrown_by([&] { test::read_input(*splits.train, 2); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK(thrown.what.starts_with((folder / "image2.png").string() + " (" + (folder / "labels.csv").string() + ":4)"));
}

TEST_CASE("the real SDSS folder opens with its published splits") {
  const auto folder = test::real_data("sdss_gz1");
  if (folder.empty()) return;
  ImageFolderConfig config;
  config.folder = folder.string();
  config.crop = 208;
  config.image_size = 64;
  const Splits splits = data::open(config, 2);
  CHECK(splits.test->size() == 300);
  CHECK(splits.train->size() + splits.validation->size() == 600);
  CHECK(splits.validation->size() > 35);
  CHECK(splits.validation->size() < 85);
  CHECK(splits.train->spec().class_names == std::vector<std::string>{"elliptical", "spiral"});
  std::vector<int64_t> all(300);
  for (int64_t i = 0; i < 300; ++i) all[static_cast<size_t>(i)] = i;
  const at::Tensor labels = splits.test->targets(all);
  CHECK(std::count(labels.data_ptr<int64_t>(), labels.data_ptr<int64_t>() + 300, 1) == 150);
  // the galaxy is in the middle: brighter there than at the border
  const auto input = test::read_input(*splits.test, 0);
  CHECK(input[32 * 64 + 32] > input[0] + 0.2F);
}

TEST_CASE("images of a folder are cropped at the resolution of the file, for training only") {
  const test::TemporaryFolder folder;
  constexpr int64_t kHeight = 90, kWidth = 120;
  Image image{kHeight, kWidth, std::vector<uint8_t>(kHeight * kWidth * 3), 1};
  for (int64_t y = 0; y < kHeight; ++y) {
    for (int64_t x = 0; x < kWidth; ++x) {  // red tells the column, green the row, blue whether the column is odd
      uint8_t* const pixel = &image.pixels[static_cast<size_t>(3 * (y * kWidth + x))];
      pixel[0] = static_cast<uint8_t>(x);
      pixel[1] = static_cast<uint8_t>(y);
      pixel[2] = x % 2 == 0 ? 0 : 255;
    }
  }
  for (const char* name : {"a.png", "b.png"}) write_png(folder / name, image);
  ImageFolderConfig config = test::image_folder_config(folder, "file,label\na.png,a\nb.png,b\n");
  config.image_size = 16;
  config.transform.augmentation.crop_area = 0.08;
  const auto train = data::open(config, 1).train;
  std::vector<float> values(3 * 16 * 16);
  const auto mean = [&](int channel) {
    double sum = 0;
    for (int i = 0; i < 256; ++i) sum += values[static_cast<size_t>(256 * channel + i)] * 255 / 256;
    return sum;
  };
  double small_width = 1e9;
  for (int64_t epoch = 0; epoch < 200; ++epoch) {
    const Draw draw{3, epoch};
    train->read(0, &draw, values.data());
    const Box box = draw_crop(config.transform.augmentation, draw, 0, kHeight, kWidth);
    // The mean over a crop of a ramp is its middle; bytes are rounded.
    CHECK(mean(0) == Approx(static_cast<double>(box.left) + 0.5 * static_cast<double>(box.width - 1)).margin(0.6));
    CHECK(mean(1) == Approx(static_cast<double>(box.top) + 0.5 * static_cast<double>(box.height - 1)).margin(0.6));
    small_width = std::min(small_width, static_cast<double>(box.width));
    if (box.width == 16 && box.height == 16) CHECK(std::abs(values[512] - values[513]) == 1);  // single columns of the file
  }
  CHECK(small_width < 40);
  train->read(0, nullptr, values.data());
  CHECK(mean(0) == Approx(59.5).margin(0.6));  // the central square
  const double whole = values[15] - values[0];
  config.crop_fraction = 0.5;
  data::open(config, 1).train->read(0, nullptr, values.data());
  CHECK(mean(0) == Approx(59.5).margin(0.6));
  CHECK(values[15] - values[0] == Approx(whole / 2).epsilon(0.05));
}
