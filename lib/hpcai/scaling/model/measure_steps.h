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
  std::vector<double> batches;  // samples of one pass that were timed, rising
  int64_t steps = 0;            // timed steps of each
};

// Times real training steps and the loader of an experiment on one rank for about `seconds`, in two parts:
//
//   in_company()  steps split into forward, backward and update, for each of `batches` (empty: the experiment's batch, or as much
//   of
//                 it as the time allows, and an eighth). The passes alternate between the sizes, so that a disturbance meets all
//                 alike, and medians count. The other ranks of the host do the same at the same time, as in training: cores that
//                 are all busy are slower.
//   alone()       while the others wait: the loader and, with `teams`, steps with all cores, or half of them where the rank has
//   all
//                 of them anyhow. So all cores are busy in both parts, with several ranks or with one.
//
// Changes nothing outside. The constructor throws what trainer::build throws.
class StepMeasurement {
 public:
  // `teams`: a rank computes with its share of the cores of its host.
  StepMeasurement(const trainer::Experiment& experiment, at::Device device, double seconds, std::vector<int64_t> batches,
                  bool teams);

  // Called at every step, so that others know that it goes on.
  void on_progress(std::function<void()> tell) { rank_.on_progress(std::move(tell)); }
  void in_company();
  void alone();
  MeasuredSteps result() const { return result_; }

 private:
  void time_teams(double seconds);

  double seconds_;
  std::vector<int64_t> batches_;
  bool teams_;
  OneRank rank_;
  MeasuredSteps result_;
  double step_in_company_s_ = 0;  // of the largest batch
};

}  // namespace hpcai::scaling
