#include "hpcai/data/class_targets.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "hpcai/data/dataset.h"

namespace hpcai::data {

TEST_CASE("the label of soft labels is the most probable class") {
  const float nan = std::nanf("");
  const at::Tensor soft = torch::tensor({{0.2F, 0.7F, 0.1F}, {0.5F, 0.5F, 0.0F}, {nan, nan, nan}});
  CHECK(class_labels(soft).equal(torch::tensor({int64_t{1}, int64_t{0}, kUnlabelled})));
  const at::Tensor labels = torch::tensor({int64_t{2}, kUnlabelled});
  CHECK(class_labels(labels).equal(labels));
  CHECK(class_labels(at::empty({0, 3})).size(0) == 0);
}

TEST_CASE("labels become soft labels with probability 1") {
  const at::Tensor soft = class_probabilities(torch::tensor({int64_t{2}, kUnlabelled, int64_t{0}}), 3);
  CHECK(soft[0].equal(torch::tensor({0.0F, 0.0F, 1.0F})));
  CHECK(soft[1].isnan().all().item<bool>());
  CHECK(soft[2].equal(torch::tensor({1.0F, 0.0F, 0.0F})));
  CHECK(class_probabilities(soft, 3).is_same(soft));
}

}  // namespace hpcai::data
