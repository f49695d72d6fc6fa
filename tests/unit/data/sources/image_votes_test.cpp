#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "../support.h"
#include "hpcai/data/class_targets.h"
#include "hpcai/data/open.h"
#include "hpcai/data/png.h"
#include "hpcai/data/verify.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace {

const std::string kVotes =
    "file,smooth,featured,edge,face,label\n"
    "0.png,30,10,1,9,a\n"
    "1.png,2,38,30,8,b\n"
    "2.png,,,,,b\n";
const std::vector<std::string> kAnswers = {"smooth", "featured", "edge", "face"};

void write_pictures(const test::TemporaryFolder& folder, int count = 3) {
  for (int i = 0; i < count; ++i) {
    write_png(folder / (std::to_string(i) + ".png"), {12, 12, std::vector<uint8_t>(12 * 12 * 3, static_cast<uint8_t>(9 * i)), 1});
  }
}

ImageFolderConfig voted(const test::TemporaryFolder& folder, const std::string& catalogue = kVotes) {
  write_pictures(folder);
  ImageFolderConfig config = test::image_folder_config(folder, catalogue);
  config.votes.questions = {{"shape", {"smooth", "featured"}, {}, ""}, {"orientation", {"edge", "face"}, {"featured"}, ""}};
  return config;
}

ImageFolderConfig soft(const test::TemporaryFolder& folder, const std::string& catalogue = kVotes) {
  write_pictures(folder);
  ImageFolderConfig config = test::image_folder_config(folder, catalogue);
  config.label_columns = {"smooth", "featured"};
  return config;
}

std::vector<float> truth_of(const Dataset& dataset, int64_t index) {
  const int64_t rows[] = {index};
  const at::Tensor targets = dataset.targets(rows).contiguous();
  CHECK(targets.scalar_type() == at::kFloat);
  return {targets.const_data_ptr<float>(), targets.const_data_ptr<float>() + targets.numel()};
}

}  // namespace

TEST_CASE("images with votes have the votes as targets") {
  const test::TemporaryFolder folder;
  const ImageFolderConfig config = voted(folder);
  const Splits splits = data::open(config, 1);
  CHECK(splits.train->spec() == *data::spec_of(config));
  CHECK(splits.train->spec().target_names == kAnswers);
  CHECK(splits.train->spec().class_names.empty());
  CHECK(truth_of(*splits.train, 0) == std::vector<float>{30, 10, 1, 9});
  CHECK(truth_of(*splits.train, 2) == std::vector<float>{0, 0, 0, 0});
  CHECK_FALSE(has_soft_labels(*splits.train));
  CHECK(class_counts(*splits.train).empty());
  CHECK(data::vote_questions(config).size() == 2);
}

TEST_CASE("a network of votes reads images with and without votes") {
  const test::TemporaryFolder folder, other;
  const ImageFolderConfig config = voted(folder);
  const SampleSpec spec = *data::spec_of(config);
  write_pictures(other);
  const auto bare = data::open_input(config, other.path(), {spec, /*labels_optional=*/true, true, 1});
  CHECK(bare->size() == 3);
  CHECK(std::isnan(truth_of(*bare, 1)[3]));
  std::ofstream(other / "list.csv") << "file,smooth,featured,edge,face\n1.png,7,0,0,0\n";
  const auto listed = data::open_input(config, other / "list.csv", {spec, true, true, 1});
  CHECK(truth_of(*listed, 0) == std::vector<float>{7, 0, 0, 0});
  const auto picture = data::open_input(config, other / "2.png", {spec, true, true, 1});
  CHECK(std::isnan(truth_of(*picture, 0)[0]));
  std::ofstream(other / "part.csv") << "file,smooth,featured\n1.png,7,0\n";
  CHECK(std::isnan(truth_of(*data::open_input(config, other / "part.csv", {spec, true, true, 1}), 0)[0]));
  const auto thrown = thrown_by([&] { data::open_input(config, other / "part.csv", {spec, false, true, 1}); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK_THAT(thrown.what, Catch::Contains("no column edge"));

  test::write_image_file(other / "images.h5", 2, 8);
  CHECK(std::isnan(truth_of(*data::open_input(config, other / "images.h5", {spec, true, true, 1}), 1)[0]));
  CHECK_THAT(thrown_by([&] {
               data::open_input(config, other / "images.h5", {spec, false, true, 1});
             }).what,
             Catch::Contains("has no votes"));
}

TEST_CASE("images with votes are refused where their settings or the table cannot be meant") {
  const test::TemporaryFolder folder;
  const auto refusal = [&](const std::function<void(ImageFolderConfig&)>& change) {
    ImageFolderConfig config = voted(folder);
    change(config);
    return thrown_by([&] { data::open(config, 1); }).what;
  };
  CHECK_THAT(refusal([](auto& config) { config.label_columns = {"smooth", "featured"}; }), Catch::Contains("are both given"));
  CHECK_THAT(refusal([](auto& config) { config.classes = {"a", "b"}; }), Catch::Contains("no classes"));
  CHECK_THAT(refusal([](auto& config) { config.votes.questions[1].asked_after = {"disk"}; }), Catch::Contains("no answer"));
  CHECK_THAT(refusal([](auto& config) { config.votes.questions[0].answers[0] = "round"; }), Catch::Contains("no column round"));
  ImageFolderConfig none = voted(folder, "file,smooth,featured,edge,face\n0.png,0,,0,\n");
  CHECK_THAT(thrown_by([&] { data::open(none, 1); }).what, Catch::Contains("no training image has a vote"));
}

TEST_CASE("soft labels are the probabilities of the classes") {
  const test::TemporaryFolder folder;
  ImageFolderConfig config = soft(folder);
  config.filter = "smooth >= 0";
  const Splits splits = data::open(config, 1);
  CHECK(splits.train->spec().class_names == std::vector<std::string>{"smooth", "featured"});
  CHECK(splits.train->spec() == *data::spec_of(config));
  CHECK(truth_of(*splits.train, 0) == std::vector<float>{0.75F, 0.25F});
  CHECK(has_soft_labels(*splits.train));
  CHECK(class_counts(*splits.train) == std::vector<std::pair<std::string, int64_t>>{{"smooth", 1}, {"featured", 1}});
  config.classes = {"elliptical", "spiral"};
  CHECK(data::open(config, 1).train->spec().class_names == config.classes);
}

TEST_CASE("images without soft labels are refused in a training, and unlabelled for a prediction") {
  const test::TemporaryFolder folder;
  ImageFolderConfig config = soft(folder);
  const auto thrown = thrown_by([&] { data::open(config, 1); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK_THAT(thrown.what, Catch::EndsWith("labels.csv:4: the columns of data.label_columns hold no probability"));
  const SampleSpec spec = *data::spec_of(config);
  const auto predicted = data::open_split(config, Split::train, {spec, true, false, 1});
  CHECK(truth_of(*predicted, 1) == std::vector<float>{0.05F, 0.95F});
  CHECK(std::isnan(truth_of(*predicted, 2)[0]));
  config.classes = {"a"};
  CHECK(thrown_by([&] { data::open(config, 1); }).code == ExitCode::usage);
  config.classes.clear();
  config.label_columns = {"smooth"};
  CHECK(thrown_by([&] { data::open(config, 1); }).code == ExitCode::usage);
  config.label_columns = {"smooth", "smooth"};
  CHECK(thrown_by([&] { data::open(config, 1); }).code == ExitCode::usage);
}

TEST_CASE("soft labels of another number of classes than the network's are refused") {
  const test::TemporaryFolder folder;
  ImageFolderConfig config = soft(folder);
  const SampleSpec spec = *data::spec_of(config);
  config.label_columns.push_back("edge");
  const auto thrown = thrown_by([&] { data::open_split(config, Split::train, {spec, true, false, 1}); });
  CHECK(thrown.code == ExitCode::usage);
  CHECK_THAT(thrown.what, Catch::Contains("the network knows 2 classes"));
}
