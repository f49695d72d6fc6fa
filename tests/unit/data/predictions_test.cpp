#include "hpcai/data/predictions.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "hpcai/core/utf8.h"
#include "hpcai/data/tables/csv.h"
#include "support.h"

using namespace hpcai::data;

TEST_CASE("predictions are written as CSV that restores every number, with quotes where needed") {
  PredictionTable table{{"a.jpg", "b, \"c\".jpg"}, {"q", "s1"}, {1.0 / 3, -0.25, 2, 1e-300}, {"q"}, {0.1, 5}, {}};
  CHECK(predictions_csv(table) == "id,q,s1,true_q\na.jpg,0.3333333333333333,-0.25,0.1\n\"b, \"\"c\"\".jpg\",2,1e-300,5\n");
  table.truth_columns.clear();
  table.truth.clear();
  table.texts = {{"predicted", {"big, round", "x"}}};
  CHECK(predictions_csv(table) ==
        "id,q,s1,predicted\na.jpg,0.3333333333333333,-0.25,\"big, round\"\n\"b, \"\"c\"\".jpg\",2,1e-300,x\n");
  table.columns.clear();
  table.predictions.clear();
  table.numbers = {{"certainty", {1.0 / 3, 2}}};
  CHECK(predictions_csv(table) == "id,predicted,certainty\na.jpg,\"big, round\",0.3333333333333333\n\"b, \"\"c\"\".jpg\",x,2\n");
  table.numbers[0].values.pop_back();
  CHECK_THROWS_AS(predictions_csv(table), std::invalid_argument);
}

TEST_CASE("names in CSV are UTF-8, and the program's own reader finds them again") {
  const test::TemporaryFolder folder;
  const std::vector<std::string> names{"#hash.png",       " outer blanks\t", "two\nlines.png",
                                       "caf\xc3\xa9.png", "caf\xe9.png",     "a;b|c.png"};
  PredictionTable table{names, {"q"}, {1, 2, 3, 4, 5, 6}, {}, {}, {{"predicted", {"#1", "a ", "\xe9", "b", "c", "d"}}}};
  std::ofstream(folder / "p.csv") << predictions_csv(table);
  const Csv read(folder / "p.csv", {"id"});
  REQUIRE(read.rows() == 6);
  const size_t id = read.column("id"), predicted = read.column("predicted");
  for (const int64_t row : {0, 1, 2, 3, 5}) CHECK(read.cell(row, id) == names[static_cast<size_t>(row)]);
  CHECK(read.cell(4, id) == "caf\\xe9.png");
  CHECK(read.cell(0, predicted) == "#1");
  CHECK(read.cell(1, predicted) == "a ");
  CHECK(read.cell(2, predicted) == "\\xe9");
  CHECK_FALSE(hpcai::find_invalid_utf8(predictions_csv(table)));
  write_predictions_hdf5(folder / "p.h5", table);
  CHECK(H5::H5File((folder / "p.h5").string(), H5F_ACC_RDONLY).openDataSet("predicted").getStrType().getSize() == 4);
}

TEST_CASE("predictions are written as HDF5 with ids, names and truth") {
  const test::TemporaryFolder folder;
  const auto path = folder / "predictions.h5";
  write_predictions_hdf5(
      path, {{"one.png", "a"}, {"q", "s1"}, {1, 2, 3, 4}, {"q"}, {5, 6}, {{"class", {"big", "x"}}}, {{"sum", {3, 7}}}});
  const H5::H5File file(path.string(), H5F_ACC_RDONLY);
  std::vector<double> predictions(4), truth(2), sums(2);
  file.openDataSet("predictions").read(predictions.data(), H5::PredType::NATIVE_DOUBLE);
  file.openDataSet("truth").read(truth.data(), H5::PredType::NATIVE_DOUBLE);
  CHECK(predictions == std::vector<double>{1, 2, 3, 4});
  file.openDataSet("sum").read(sums.data(), H5::PredType::NATIVE_DOUBLE);
  CHECK(truth == std::vector<double>{5, 6});
  CHECK(sums == std::vector<double>{3, 7});
  char ids[2][7];
  const H5::DataSet data_set = file.openDataSet("ids");
  data_set.read(ids, data_set.getStrType());
  CHECK(std::string(ids[0], 7) == "one.png");
  CHECK(std::string(ids[1]) == "a");
  CHECK(file.openDataSet("class").getStrType().getSize() == 3);
  const std::filesystem::directory_iterator files(folder.path());
  CHECK(std::distance(begin(files), end(files)) == 1);  // no temporary file is left
}
