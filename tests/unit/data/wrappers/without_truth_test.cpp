#include "hpcai/data/wrappers/without_truth.h"

#include <catch2/catch.hpp>

#include "../support.h"
#include "hpcai/data/wrappers/augmented_images.h"
#include "noise.h"

using namespace hpcai::data;

TEST_CASE("samples without truth are the samples, and nothing is known of them") {
  const AugmentedImages known(std::make_unique<test::Noise>(3), {});
  const WithoutTruth hidden(known);
  CHECK(hidden.size() == 3);
  CHECK(hidden.spec() == known.spec());
  CHECK(hidden.id(1) == "n1");
  CHECK(hidden.where(1) == "noise 1");
  const int64_t rows[] = {0, 1};
  CHECK(known.targets(rows).defined());
  CHECK_FALSE(hidden.targets(rows).defined());
  CHECK(test::read_input(hidden, 2) == test::read_input(known, 2));
}
