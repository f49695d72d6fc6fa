#include "hpcai/data/tables/catalogue.h"

#include <catch2/catch.hpp>

#include "../support.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

const std::vector<std::string> kClasses = {"elliptical", "spiral"};

std::vector<std::string> described(const std::vector<CatalogueRow>& rows) {
  std::vector<std::string> texts;
  for (const auto& row : rows) texts.push_back(row.file + "=" + std::to_string(row.label));
  return texts;
}

std::vector<std::string> read(const std::string& text, Split split, bool labels_optional, bool any_split) {
  const test::TemporaryFolder folder;
  ImageFolderConfig config = test::image_folder_config(folder, text);
  config.split_column = "split";
  return described(read_catalogue_rows(config, split, {kClasses, labels_optional, any_split}));
}

using Listed = std::vector<std::string>;

}  // namespace

TEST_CASE("a catalogue for a trained network keeps the network's classes") {
  const std::string text = "file,label,split\na,spiral,test\nb,uncertain,test\nc,elliptical,train\n";
  CHECK(read(text, Split::test, true, true) == Listed{"a=1", "b=-1"});
  CHECK(read(text, Split::train, false, true) == Listed{"c=0"});
  const auto thrown = test::thrown_by([&] { read(text, Split::test, false, true); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK_THAT(thrown.what,
             Catch::EndsWith("labels.csv:3: label 'uncertain' is not one of the classes of the training (elliptical, spiral)"));
}

TEST_CASE("a catalogue for a trained network needs no labels and, where it is new, no splits") {
  CHECK(read("file\na\nb\n", Split::test, true, true) == Listed{"a=-1", "b=-1"});
  CHECK(read("file\na\nb\n", Split::train, true, true) == Listed{"a=-1", "b=-1"});
  CHECK(read("file,split\na,test\n", Split::train, true, true).empty());
  CHECK(test::thrown_by([] { read("file\na\n", Split::test, false, true); }).code == ExitCode::bad_data);
  CHECK_THAT(test::thrown_by([] { read("file\na\n", Split::test, true, false); }).what, Catch::Contains("no column split"));
}

TEST_CASE("the splits that a trained network sees are those of its training") {
  std::string text = "file,label\n";
  for (int i = 0; i < 100; ++i) text += "f" + std::to_string(i) + (i % 2 == 0 ? ",spiral\n" : ",elliptical\n");
  const test::TemporaryFolder folder;
  ImageFolderConfig config = test::image_folder_config(folder, text);
  config.validation_fraction = 0.3;
  const Catalogue training = read_catalogue(config);
  const auto validation = read_catalogue_rows(config, Split::validation, {training.class_names});
  CHECK(described(validation) == described(training.validation));
  CHECK(validation.size() > 15);
  CHECK(read_catalogue_rows(config, Split::test, {training.class_names}).empty());
}
