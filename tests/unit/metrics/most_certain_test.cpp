#include "hpcai/metrics/most_certain.h"

#include <torch/types.h>

#include <catch2/catch.hpp>

using namespace hpcai::metrics;

TEST_CASE("the most certain predictions of each class are chosen, the first of equal ones") {
  const at::Tensor p = torch::tensor({{0.9, 0.1}, {0.6, 0.4}, {0.2, 0.8}, {0.9, 0.1}, {0.9, 0.1}, {0.4, 0.6}}, at::kDouble);
  const auto two = most_certain(p, 2);
  std::vector<int64_t> rows, labels;
  for (const auto& chosen : two) rows.push_back(chosen.row), labels.push_back(chosen.label);
  CHECK(rows == std::vector<int64_t>{0, 2, 3, 5});
  CHECK(labels == std::vector<int64_t>{0, 1, 0, 1});
  CHECK(two[1].probability == 0.8);
  CHECK(most_certain(p, 100).size() == 6);
  CHECK(most_certain(p.narrow(0, 0, 0), 3).empty());
}
