#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hpcai/data/step_loader.h"
#include "hpcai/distributed/exchange/group.h"

namespace hpcai::trainer {

// What a rank was busy with in one step, waits for other ranks left out.
struct Busy {
  double input_s = 0;    // waiting for its loader
  double compute_s = 0;  // everything else: forward, backward, update, records
  double total_s() const { return input_s + compute_s; }
};
void to_json(nlohmann::json& json, const Busy& busy);

// A mean step, in seconds; the parts add up to step_s. The slowest rank of a step never waits for others, so what remains of
// the step beyond its work is communication that nothing hides: the same for all ranks. A faster rank waits longer, by the
// difference; that is imbalance.
struct StepSplit {
  double step_s = 0;
  double compute_s = 0;                // mean over the ranks
  double exposed_communication_s = 0;  // not hidden behind computation
  double input_s = 0;                  // mean over the ranks
  double imbalance_s = 0;              // mean over the ranks
};
void to_json(nlohmann::json& json, const StepSplit& split);

// Where the time of the steps goes. Each step ends with an exchange in which every rank learns what all were busy with;
// that exchange is also the mark from which the next step is timed, so nothing is left out: records and update count for
// the rank that makes them.
class StepTimes {
 public:
  // The first `skip` steps, slowed by allocation and tuning, do not count.
  StepTimes(const data::StepLoader& loader, const distributed::Group& group, int64_t skip = 5);

  // After a pause that is no part of a step (evaluation, checkpoint), or before the first step.
  void restart();
  // Forgets what has been counted.
  void reset(int64_t skip = 0);
  // Of this rank since the step began; with a GPU, right after Group::wait_for_device.
  Busy busy() const;
  // Ends the step. `ranks`: what each rank of the group was busy with.
  void end_step(const std::vector<Busy>& ranks);

  int64_t steps() const { return steps_; }  // counted
  StepSplit mean() const;                   // zeros without steps
  std::vector<Busy> ranks() const;          // mean of each rank

 private:
  using Clock = std::chrono::steady_clock;

  const data::StepLoader& loader_;
  const distributed::Group& group_;
  int64_t skip_;
  Clock::time_point begin_;
  double input_before_s_ = 0;
  double wait_before_s_ = 0;
  int64_t steps_ = 0;
  double step_s_ = 0;     // sum over the steps, as the three below
  double slowest_s_ = 0;  // of the busiest rank of each step
  std::vector<Busy> ranks_;
};

// "rank 3 (n2) was the slowest: 8 % above the mean, in input". `hosts`: by rank.
std::string describe_slowest(const std::vector<Busy>& ranks, const std::vector<std::string>& hosts);

}  // namespace hpcai::trainer
