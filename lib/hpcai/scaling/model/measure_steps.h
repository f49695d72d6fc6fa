#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "hpcai/scaling/model/one_rank.h"
#include "hpcai/scaling/model/step_model.h"

namespace hpcai::trainer {
struct Experiment;
}

namespace hpcai::scaling {

struct MeasuredSteps {
  Workload workload;
  std::vector<double> batches;  // timed batch sizes of one pass, rising
  int64_t steps = 0;            // timed steps of each batch size
};

// Times the training steps and the loader of one rank for about `seconds`, in two parts.
//
// in_company() runs on all ranks of a host at the same time, because a core is slower when all cores are busy. It times forward,
// backward and update for each of `batches`. The batch sizes alternate, so that a disturbance affects all of them, and the
// medians are taken.
//
// alone() runs on one rank while the other ranks wait. It times the loader. With `teams` it also times steps with all cores, or
// with half of the threads if the rank uses all cores already.
class StepMeasurement {
 public:
  // `batches`: batch sizes of one pass. If it is empty, two are chosen: the batch of the experiment (or the half, the quarter,
  // ... of it that `seconds` allow) and an eighth of the experiment's batch. `teams`: the number of threads of a rank is its
  // share of the cores of its host. Throws what trainer::build throws.
  StepMeasurement(const trainer::Experiment& experiment, at::Device device, double seconds, std::vector<int64_t> batches,
                  bool teams);

  // Sets a function that is called at every step and every batch of the loader.
  void on_progress(std::function<void()> tell) { rank_.on_progress(std::move(tell)); }
  void in_company();
  void alone();
  // What the parts that were called have measured. Fields of other parts keep their defaults.
  MeasuredSteps result() const { return result_; }

 private:
  void time_teams(double seconds);

  double seconds_;
  std::vector<int64_t> batches_;
  bool teams_;
  OneRank rank_;
  MeasuredSteps result_;
  double step_in_company_s_ = 0;  // median step time of the largest batch
};

}  // namespace hpcai::scaling
