#include "hpcai/data/predictions.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <iterator>

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
}

TEST_CASE("predictions are written as HDF5 with ids, names and truth") {
  const test::TemporaryFolder folder;
  const auto path = folder / "predictions.h5";
  write_predictions_hdf5(path, {{"one.png", "a"}, {"q", "s1"}, {1, 2, 3, 4}, {"q"}, {5, 6}, {{"class", {"big", "x"}}}});
  const H5::H5File file(path.string(), H5F_ACC_RDONLY);
  std::vector<double> predictions(4), truth(2);
  file.openDataSet("predictions").read(predictions.data(), H5::PredType::NATIVE_DOUBLE);
  file.openDataSet("truth").read(truth.data(), H5::PredType::NATIVE_DOUBLE);
  CHECK(predictions == std::vector<double>{1, 2, 3, 4});
  CHECK(truth == std::vector<double>{5, 6});
  char ids[2][7];
  const H5::DataSet data_set = file.openDataSet("ids");
  data_set.read(ids, data_set.getStrType());
  CHECK(std::string(ids[0], 7) == "one.png");
  CHECK(std::string(ids[1]) == "a");
  CHECK(file.openDataSet("class").getStrType().getSize() == 3);
  const std::filesystem::directory_iterator files(folder.path());
  CHECK(std::distance(begin(files), end(files)) == 1);  // no temporary file is left
}
