#include "hpcai/search/sampler.h"

#include <catch2/catch.hpp>

#include <set>
#include <string>

#include "hpcai/search/search_folder.h"
#include "sample_space.h"

using namespace hpcai::search;

TEST_CASE("the Sobol sequence is that of SciPy and PyTorch") {
  // scipy.stats.qmc.Sobol(21, scramble=False).random(8)[7]
  const std::vector<double> scipy = {0.125, 0.625, 0.375, 0.125, 0.125, 0.375, 0.625, 0.625, 0.625, 0.875, 0.625,
                                     0.125, 0.625, 0.375, 0.125, 0.125, 0.125, 0.125, 0.625, 0.875, 0.875};
  CHECK(sobol_point(21, std::nullopt, 7) == scipy);
  // torch.quasirandom.SobolEngine(3, scramble=True, seed=7).draw(6, dtype=torch.float64) of PyTorch 2.11
  const std::vector<std::vector<double>> torch = {{0.19947312772274017, 0.17093220353126526, 0.7493569254875183},
                                                  {0.6922082901000977, 0.711494917050004, 0.48982980754226446},
                                                  {0.850549110211432, 0.2962706368416548, 0.7879805937409401},
                                                  {0.3578137122094631, 0.8368962975218892, 0.043117509223520756},
                                                  {0.40191917680203915, 0.37849323358386755, 0.3494613440707326},
                                                  {0.8935560612007976, 0.9883174411952496, 0.6085040010511875}};
  // PyTorch computes the first of its points in single precision
  for (size_t k = 0; k < 3; ++k) CHECK(sobol_point(3, 7, 0)[k] == Approx(torch[0][k]).margin(1e-7));
  for (size_t i = 1; i < torch.size(); ++i) CHECK(sobol_point(3, 7, static_cast<int64_t>(i)) == torch[i]);
  // after fast_forward(1000000)
  CHECK(sobol_point(3, 7, 1000000) == std::vector<double>{0.20751207787543535, 0.27938677556812763, 0.09264735225588083});
  CHECK(sobol_point(3, 7, 1000001) == std::vector<double>{0.7157550528645515, 0.8530782321467996, 0.83213971555233});
  CHECK_NOTHROW(sobol_point(3, 7, (int64_t{1} << 30) - 1));
  CHECK_THROWS_AS(sobol_point(3, 7, int64_t{1} << 30), std::out_of_range);
}

TEST_CASE("the first 2^k points of a scrambled Sobol sequence fill 2^k equal intervals of each parameter") {
  for (size_t dimension = 0; dimension < 5; ++dimension) {
    std::set<int> intervals;
    for (int i = 0; i < 32; ++i) intervals.insert(static_cast<int>(sobol_point(5, 3, i)[dimension] * 32));
    CHECK(intervals.size() == 32);
  }
}

TEST_CASE("a trial is a function of seed and number") {
  for (const char* sampler : {"random", "sobol"}) {
    const auto space = test::small_space(std::string("sampler: ") + sampler + "\nseed: 5\n");
    const auto other = test::small_space(std::string("sampler: ") + sampler + "\nseed: 6\n");
    std::set<std::string> different;
    for (int i = 0; i < 50; ++i) {
      const Values values = propose(space, i);
      CHECK(values == propose(space, i));
      CHECK(values != propose(other, i));
      CHECK(allows(space.parameters[0], values["optimizer.lr"]));
      CHECK(allows(space.parameters[1], values["training.global_batch"]));
      different.insert(values["optimizer.lr"].dump());
    }
    CHECK(different.size() == 50);
    CHECK_FALSE(most_trials(space));
  }
}

TEST_CASE("a grid visits each cell once, the last parameter first") {
  const auto space = test::small_space("sampler: grid\n");
  REQUIRE(most_trials(space) == 16);
  std::set<std::string> cells;
  for (int i = 0; i < 16; ++i) cells.insert(propose(space, i).dump());
  CHECK(cells.size() == 16);
  CHECK(propose(space, 0)["training.global_batch"] == 8);
  CHECK(propose(space, 1)["training.global_batch"] == 16);
  CHECK(propose(space, 4)["optimizer.lr"].get<double>() == Approx(1e-3));
  CHECK_THROWS_AS(propose(space, 16), std::out_of_range);
}

TEST_CASE("a trial from outside takes no cell of a grid") {
  const auto space = test::small_space("sampler: grid\n");
  std::map<int64_t, Trial> known;
  for (const int64_t number : {1, 2, 9}) known[number].begun = known[number].given = true;
  const auto proposals = propose_all(space, known, 16 + given_trials(known));
  std::vector<Values> sampled;
  for (size_t i = 0; i < proposals.size(); ++i) {
    if (known.contains(static_cast<int64_t>(i))) {
      CHECK(proposals[i].empty());
    } else {
      sampled.push_back(proposals[i]);
    }
  }
  REQUIRE(sampled.size() == 16);
  for (int64_t cell = 0; cell < 16; ++cell) CHECK(sampled[static_cast<size_t>(cell)] == propose(space, cell));
  CHECK(propose(space, 18, 3) == propose(space, 15));
  const auto random = test::small_space("sampler: random\n");
  CHECK(propose(random, 18, 3) == propose(random, 18));
}
