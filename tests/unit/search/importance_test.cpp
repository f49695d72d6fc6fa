#include "hpcai/search/importance.h"

#include <catch2/catch.hpp>

#include "hpcai/search/sampler.h"
#include "sample_space.h"

using namespace hpcai::search;

TEST_CASE("the explained share by hand") {
  // two groups {1, 2} and {3, 4}: between 4, total 5, eta^2 0.8; epsilon^2 = 1 - 0.2 * 3 / 2
  CHECK(explained_share({1, 2, 3, 4}, {0, 0, 1, 1}) == Approx(0.7));
  CHECK(explained_share({1, 4, 2, 3}, {0, 0, 1, 1}) == 0);  // equal means
  CHECK(explained_share({1, 1, 1}, {0, 1, 1}) == 0);
  CHECK(explained_share({1, 2}, {0, 1}) == 0);
}

TEST_CASE("importance finds the parameter that matters, whatever the scale of the values") {
  const auto space = test::small_space("sampler: sobol\n");
  std::vector<Trial> trials(64);
  for (int64_t i = 0; i < 64; ++i) {
    Trial& trial = trials[static_cast<size_t>(i)];
    trial.parameters = propose(space, i);
    const double lr = trial.parameters["optimizer.lr"].get<double>();
    trial.results = {{std::exp(100 * lr), true}};
  }
  trials[7].results = {{0, false, true}};  // left out
  const auto shares = importance_of(space, trials);
  REQUIRE(shares.size() == 2);
  CHECK(shares[0] > 0.9);
  CHECK(shares[1] < 0.1);
  trials.resize(7);
  CHECK(importance_of(space, trials).empty());
}
