#include "hpcai/data/sources/synthetic_images.h"

#include <catch2/catch.hpp>
#include <set>

#include "../support.h"
#include "hpcai/data/open.h"

using namespace hpcai;
using namespace hpcai::data;

TEST_CASE("synthetic images differ from one another and stay the same") {
  SyntheticImagesConfig config;
  config.image_size = 16;
  config.classes = 10;
  config.train = 50;
  config.validation = 20;
  const Splits splits = data::open(config, 1), again = data::open(config, 1);
  std::set<std::vector<float>> different;
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < 50; ++i) {
    different.insert(test::read_input(*splits.train, i));
    rows.push_back(i);
    REQUIRE(test::read_input(*splits.train, i) == test::read_input(*again.train, i));
  }
  CHECK(different.size() > 45);
  const at::Tensor labels = splits.train->targets(rows);
  CHECK(std::set<int64_t>(labels.data_ptr<int64_t>(), labels.data_ptr<int64_t>() + 50).size() > 7);
  CHECK(splits.validation->size() == 20);
}
