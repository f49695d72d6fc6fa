#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/scaling/model/calibration.h"
#include "hpcai/scaling/model/footprint.h"
#include "hpcai/scaling/model/step_model.h"

namespace hpcai::trainer {
struct Experiment;
}

namespace hpcai::scaling {

struct PlanRequest {
  Layout layout;
  bool gpus = true;                        // one for each rank; else CPU ranks
  int cores_per_rank = 0;                  // of its own, for each CPU rank; 0: ranks share nodes like the measured one
  std::optional<double> time_s;            // limit of one job
  std::optional<Calibration> calibration;  // else figures from the literature, or a short measurement for CPU ranks
};

// What an experiment will be in a world that is not there.
struct Plan {
  Layout layout;
  bool gpus = true;
  int cores_per_rank = 0;  // of a CPU rank
  int64_t training_samples = 0, validation_samples = 0, test_samples = 0;
  int64_t global_batch = 0, batch_per_rank = 0, passes = 1;  // of a step
  int64_t steps_per_epoch = 0, dropped_per_epoch = 0, epochs = 0, total_steps = 0, warmup_steps = 0;
  Footprint footprint;
  double memory_per_rank = 0;  // bytes, while training; on the GPU where there is one
  double disk = 0;             // bytes of all checkpoints that are kept
  StepTime step;
  double epoch_s = 0, evaluation_s = 0, total_s = 0;  // evaluation_s of one evaluation; total_s with all of them
  std::optional<double> time_s;
  int64_t jobs = 1;               // until the training is done, when each is stopped at the limit
  double checkpoint_every_s = 0;  // 0: only at the end
  std::vector<std::string> warnings, assumptions;
};

// Checks and predicts. Opens the experiment's data for its sizes, reads no sample unless CPU ranks are timed here. Throws
// Error{usage} for what cannot run in that world (a batch that does not divide, more ranks than samples), and what data::open
// throws.
Plan make_plan(const trainer::Experiment& experiment, const PlanRequest& request);

nlohmann::json to_json(const Plan& plan);
std::string to_text(const Plan& plan);

}  // namespace hpcai::scaling
