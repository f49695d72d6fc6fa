#include "hpcai/search/asha.h"

#include <algorithm>
#include <limits>
#include <map>

namespace hpcai::search {
namespace {

// The values of the trials so far at one rung.
struct Rung {
  std::vector<double> values;  // from the best to the worst, without those of failed trials
  int64_t count = 0;           // with failed trials
};

// Adds a value and returns its place among the values, from 0. Of equal values the earlier trial's is the better one.
int64_t add(Rung& rung, double value, Goal goal) {
  const auto place = std::ranges::upper_bound(rung.values, value, [&](double a, double b) { return is_better(goal, a, b); });
  const auto index = place - rung.values.begin();
  rung.values.insert(place, value);
  ++rung.count;
  return index;
}

class Judge {
 public:
  Judge(Goal goal, const AshaConfig& asha) : goal_(goal), reduction_(asha.reduction) {}

  Decision judge(const TrialResults& results) {
    for (int64_t rung = 0;; ++rung) {
      if (rung == std::ssize(results)) return {hold(rung, Standing::to_train), rung};
      const RungResult& result = results[static_cast<size_t>(rung)];
      if (result.failed) {
        ++rungs_[rung].count;
        return {Standing::failed, rung};
      }
      const int64_t place = add(rungs_[rung], result.value, goal_);
      if (result.finished) return {Standing::finished, rung};
      const bool trained_further = rung + 1 < std::ssize(results);  // so this was decided
      if (rung >= open_from_ && !trained_further) return {hold(rung + 1, Standing::waiting), rung};
      const int64_t best = std::max<int64_t>(1, rungs_[rung].count / reduction_);
      if (place >= best && !trained_further) return {Standing::stopped, rung};
    }
  }

 private:
  // An undecided trial may still reach this rung and those after it.
  Standing hold(int64_t rung, Standing standing) {
    open_from_ = std::min(open_from_, rung);
    return standing;
  }

  Goal goal_;
  int64_t reduction_;
  std::map<int64_t, Rung> rungs_;
  int64_t open_from_ = std::numeric_limits<int64_t>::max();  // the lowest rung that an earlier, undecided trial may reach
};

Decision judge_alone(const TrialResults& results) {
  if (results.empty()) return {Standing::to_train, 0};
  return {results.front().failed ? Standing::failed : Standing::finished, 0};
}

}  // namespace

std::vector<Decision> decide(const Space& space, const std::vector<TrialResults>& trials) {
  std::vector<Decision> decisions;
  const auto* asha = std::get_if<AshaConfig>(&space.early_stop);
  std::optional<Judge> judge;
  if (asha) judge.emplace(space.goal, *asha);
  for (const TrialResults& results : trials) decisions.push_back(judge ? judge->judge(results) : judge_alone(results));
  return decisions;
}

std::optional<int64_t> budget_of(const Space& space, int64_t rung) {
  const auto* asha = std::get_if<AshaConfig>(&space.early_stop);
  if (!asha) return std::nullopt;
  int64_t budget = asha->minimum;
  for (int64_t i = 0; i < rung; ++i) {
    if (__builtin_mul_overflow(budget, asha->reduction, &budget)) return std::numeric_limits<int64_t>::max();
  }
  return budget;
}

std::vector<std::string> pause_options(const Space& space, int64_t rung) {
  const auto budget = budget_of(space, rung);
  if (!budget) return {};
  const bool steps = std::get<AshaConfig>(space.early_stop).unit == Unit::steps;
  return {steps ? "--stop-after-steps" : "--stop-after-epochs", std::to_string(*budget)};
}

}  // namespace hpcai::search
