#include "hpcai/search/asha.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include "sample_space.h"

using namespace hpcai::search;

namespace {

// The value of a trial at a rung, and the rung at which its training is complete.
constexpr int64_t kLastRung = 3;
double value_of(size_t trial, int64_t rung) {
  return static_cast<double>((trial * 7919 + 13) % 101) + 10.0 / static_cast<double>(rung + 1) +
         ((trial * 31 + static_cast<size_t>(rung)) % 17);
}

void train_to(std::vector<TrialResults>& trials, size_t trial, int64_t rung) {
  REQUIRE(std::ssize(trials[trial]) == rung);
  const bool fails = trial % 10 == 4;
  trials[trial].push_back({fails ? 0 : value_of(trial, rung), rung == kLastRung, fails});
}

// Trains in the order that `pick` chooses among the trials that are to be trained.
template <class Pick>
std::vector<Decision> run_search(const Space& space, size_t count, const Pick& pick) {
  std::vector<TrialResults> trials(count);
  while (true) {
    const auto decisions = decide(space, trials);
    std::vector<size_t> open;
    for (size_t i = 0; i < count; ++i) {
      if (decisions[i].standing == Standing::to_train) open.push_back(i);
    }
    if (open.empty()) {
      CHECK(std::ranges::all_of(decisions, &Decision::is_final));
      return decisions;
    }
    const size_t trial = pick(open);
    train_to(trials, trial, decisions[trial].rung);
  }
}

}  // namespace

TEST_CASE("rungs by hand: one of two goes on, in the order of the trials") {
  const auto space = test::asha_space();
  std::vector<TrialResults> trials(5);
  const auto standing = [&](size_t i) { return decide(space, trials)[i]; };
  CHECK(standing(0) == Decision{Standing::to_train, 0});
  trials[1] = {{3.0}};
  CHECK(standing(1) == Decision{Standing::waiting, 0});  // trial 0 may bring a better or a worse value
  trials[0] = {{5.0}};
  CHECK(standing(0) == Decision{Standing::to_train, 1});  // best of 1
  CHECK(standing(1) == Decision{Standing::to_train, 1});  // best of 2
  trials[2] = {{4.0}};
  CHECK(standing(2) == Decision{Standing::stopped, 0});  // second of 3, and one goes on
  trials[3] = {{3.5}};
  CHECK(standing(3) == Decision{Standing::to_train, 1});  // second of 4, and two go on
  trials[1] = {{3.0}, {2.0}};
  CHECK(standing(1) == Decision{Standing::waiting, 1});  // trial 0 is still open at rung 1
  trials[0] = {{5.0}, {1.0, true}};
  CHECK(standing(0) == Decision{Standing::finished, 1});
  CHECK(standing(1) == Decision{Standing::stopped, 1});  // second of 2, and one goes on
  trials[4] = {{0, false, true}};
  CHECK(standing(4) == Decision{Standing::failed, 0});
}

TEST_CASE("a higher value is better with goal maximise, and of equal values the earlier trial's") {
  const auto space = test::asha_space("goal: maximise\n");
  CHECK(decide(space, {{{1.0}}, {{2.0}}})[1].standing == Standing::to_train);
  CHECK(decide(space, {{{2.0}}, {{1.0}}})[1].standing == Standing::stopped);
  CHECK(decide(space, {{{2.0}}, {{2.0}}})[1].standing == Standing::stopped);
}

TEST_CASE("decisions do not depend on the order in which trainings end") {
  const auto space = test::asha_space();
  const auto in_order = run_search(space, 40, [](const auto& open) { return open.front(); });
  CHECK((run_search(space, 40, [](const auto& open) { return open.back(); }) == in_order));
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    CHECK((run_search(space, 40, [&](const auto& open) { return open[random() % open.size()]; }) == in_order));
  }
  // an extended search keeps its decisions
  auto longer = run_search(space, 60, [](const auto& open) { return open.back(); });
  longer.resize(40);
  CHECK((longer == in_order));
  const auto finished = std::ranges::count(in_order, Standing::finished, &Decision::standing);
  CHECK(finished >= 1);
  CHECK(finished < 20);
}

TEST_CASE("budgets of the rungs") {
  const auto space = test::small_space("early_stop: {type: asha, minimum: 2, reduction: 3, unit: steps}\n");
  CHECK(budget_of(space, 0) == 2);
  CHECK(budget_of(space, 3) == 54);
  CHECK(budget_of(space, 1000) == INT64_MAX);
  CHECK(pause_options(space, 1) == std::vector<std::string>{"--stop-after-steps", "6"});
  CHECK(pause_options(test::small_space(), 0).empty());
  CHECK((decide(test::small_space(), {{}, {{1.0, true}}, {{0, false, true}}}) ==
         std::vector<Decision>{{Standing::to_train, 0}, {Standing::finished, 0}, {Standing::failed, 0}}));
}
