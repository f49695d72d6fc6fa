#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hpcai/data/step_loader.h"
#include "hpcai/distributed/exchange/group.h"

namespace hpcai::trainer {

// The time of one rank in one step without the waits for other ranks, in seconds.
struct Busy {
  double input_s = 0;    // waiting for its loader
  double compute_s = 0;  // everything else: forward, backward, update, records
  double total_s() const { return input_s + compute_s; }
};
void to_json(nlohmann::json& json, const Busy& busy);  // {"input_s", "compute_s"}

// The parts of a mean step, in seconds; they add up to step_s. The slowest rank of a step waits for no other rank, so the step
// time minus its own work is communication that no computation hides. A faster rank waits longer. The mean of the additional
// waits is the imbalance.
struct StepSplit {
  double step_s = 0;
  double compute_s = 0;                // mean over the ranks
  double exposed_communication_s = 0;  // not hidden behind computation
  double input_s = 0;                  // mean over the ranks
  double imbalance_s = 0;              // mean over the ranks
};
void to_json(nlohmann::json& json, const StepSplit& split);  // "step_time" of summary.json

// Measures the parts of the step time. Each step ends with the exchange in which the ranks tell each other their times. The next
// step is timed from this exchange on, so no time is left out: the update and the writing of records count as work of the rank.
class StepTimes {
 public:
  // The first `skip` steps are not counted, because allocation and tuning slow them down.
  StepTimes(const data::StepLoader& loader, const distributed::Group& group, int64_t skip = 5);

  // Starts the clock of a step. Called before the first step and after a pause (evaluation, checkpoint), which belongs to no
  // step.
  void restart();
  // Discards all counted steps. The next `skip` steps are not counted.
  void reset(int64_t skip = 0);
  // The times of this rank since the step began. On a GPU call it right after Group::wait_for_device.
  Busy busy() const;
  // Ends the step. `ranks`: busy() of each rank of the group.
  void end_step(const std::vector<Busy>& ranks);

  int64_t steps() const { return steps_; }  // counted steps
  StepSplit mean() const;                   // over the counted steps; zeros if there are none
  std::vector<Busy> ranks() const;          // the mean times of each rank

 private:
  using Clock = std::chrono::steady_clock;

  const data::StepLoader& loader_;
  const distributed::Group& group_;
  int64_t skip_;
  Clock::time_point begin_;
  double input_before_s_ = 0;
  double wait_before_s_ = 0;
  int64_t steps_ = 0;
  double step_s_ = 0;     // sum over the counted steps; so are the next two
  double slowest_s_ = 0;  // total_s() of the slowest rank of each step
  std::vector<Busy> ranks_;
};

// "rank 3 (n2) was the slowest: 8 % above the mean, computing". `ranks`: mean times of each rank. `hosts`: host name of each
// rank.
std::string describe_slowest(const std::vector<Busy>& ranks, const std::vector<std::string>& hosts);

}  // namespace hpcai::trainer
