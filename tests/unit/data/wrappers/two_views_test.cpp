#include "hpcai/data/wrappers/two_views.h"

#include <catch2/catch.hpp>

#include "../support.h"
#include "hpcai/data/wrappers/augmented_images.h"
#include "noise.h"

using namespace hpcai::data;

TEST_CASE("two views are the sample as it is, and as its draw changes it, and its label stays hidden") {
  ImageTransformConfig transform;
  transform.augmentation.rotation_deg = 40;
  transform.augmentation.noise = 0.1;
  const AugmentedImages plain(std::make_unique<test::Noise>(3), transform);
  const TwoViews views(std::make_unique<AugmentedImages>(std::make_unique<test::Noise>(3), transform));
  CHECK(views.spec().input_shape == std::vector<int64_t>{2, 3, test::Noise::kHeight, test::Noise::kWidth});
  CHECK(views.size() == 3);
  CHECK(views.id(2) == "n2");
  CHECK(views.where(2) == "noise 2");
  const Draw draw{4, 1};
  const auto both = test::read_input(views, 1, &draw);
  const auto as_it_is = test::read_input(plain, 1), changed = test::read_input(plain, 1, &draw);
  CHECK(std::vector<float>(both.begin(), both.begin() + plain.input_size()) == as_it_is);
  CHECK(std::vector<float>(both.begin() + plain.input_size(), both.end()) == changed);
  CHECK(as_it_is != changed);
  const int64_t rows[] = {0, 1};
  CHECK_FALSE(views.targets(rows).defined());
}
