#include "hpcai/data/embedding_table.h"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "hpcai/data/hdf5/hdf5_file.h"
#include "support.h"

namespace hpcai::data {
namespace {

EmbeddingTable small_table() {
  EmbeddingTable table;
  table.ids = {"a.png", "b,1.png", "a.png"};
  table.surveys = {"sdss", "sdss", "des"};
  table.labels = {"spiral", "", "elliptical"};
  table.predicted = {"spiral", "spiral", "elliptical"};
  table.features = 2;
  table.feature_values = {1, 2, 3, 4, 5, 6};
  table.coordinate_names = {"pca_1", "pca_2"};
  table.coordinates = {0.5, -1, 2, 3, 4, 0.125};
  table.neighbours = 1;
  table.neighbour_rows = {1, 2, 1};
  table.neighbour_distances = {2.5, 2.25, 2.25};
  return table;
}

}  // namespace

TEST_CASE("a table of an embedding as CSV names neighbours with their survey") {
  CHECK(embedding_csv(small_table()) ==
        "id,pca_1,pca_2,distance_1,label,predicted,survey,neighbour_1\n"
        "a.png,0.5,-1,2.5,spiral,spiral,sdss,\"sdss/b,1.png\"\n"
        "\"b,1.png\",2,3,2.25,,spiral,sdss,des/a.png\n"
        "a.png,4,0.125,2.25,elliptical,elliptical,des,\"sdss/b,1.png\"\n");
  EmbeddingTable table = small_table();
  table.surveys = {"des", "des", "des"};
  table.labels = table.predicted = {};
  table.coordinate_names = {};
  table.coordinates = {};
  CHECK(embedding_csv(table) ==
        "id,distance_1,survey,neighbour_1\na.png,2.5,des,\"b,1.png\"\n\"b,1.png\",2.25,des,a.png\na.png,2.25,des,\"b,1.png\"\n");
  table.ids.pop_back();
  CHECK_THROWS_AS(embedding_csv(table), std::invalid_argument);
}

TEST_CASE("a table of an embedding as HDF5 has the features, and leaves out what there is not") {
  const test::TemporaryFolder folder;
  write_embedding_hdf5(folder / "e.h5", small_table());
  const Hdf5File file((folder / "e.h5").string());
  CHECK(file.array("features", 2).read_all() == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(file.array("features", 2).type() == ElementType::float32);
  CHECK(file.array("coordinates", 2).read_all() == std::vector<double>{0.5, -1, 2, 3, 4, 0.125});
  CHECK(file.array("neighbours", 2).read_all() == std::vector<double>{1, 2, 1});
  CHECK(file.array("neighbour_distances", 2).read_all() == std::vector<double>{2.5, 2.25, 2.25});
  CHECK(file.text_values("ids") == std::vector<std::string>{"a.png", "b,1.png", "a.png"});
  CHECK(file.text_values("survey") == std::vector<std::string>{"sdss", "sdss", "des"});
  CHECK(file.text_values("label") == std::vector<std::string>{"spiral", "", "elliptical"});

  EmbeddingTable table = small_table();
  table.labels = table.predicted = table.coordinate_names = {};
  table.coordinates = table.neighbour_distances = {};
  table.neighbour_rows = {};
  table.neighbours = 0;
  write_embedding_hdf5(folder / "few.h5", table);
  const Hdf5File few((folder / "few.h5").string());
  CHECK(few.has("features"));
  for (const char* name : {"label", "predicted", "coordinates", "neighbours"}) CHECK_FALSE(few.has(name));
}

}  // namespace hpcai::data
