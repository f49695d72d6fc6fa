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

// The machine for which a plan is made.
struct PlanRequest {
  Layout layout;
  bool gpus = true;        // each rank has one GPU; false: CPU ranks
  int cores_per_rank = 0;  // cores of each CPU rank alone; 0: the ranks of a node share as many cores as the measured host has
  std::optional<double> time_s;            // time limit of one job
  std::optional<Calibration> calibration;  // without: figures from the literature for GPUs, a short measurement for CPU ranks
};

// The predicted size, time and memory of an experiment on the requested machine.
struct Plan {
  Layout layout;
  bool gpus = true;
  int cores_per_rank = 0;  // of a CPU rank
  int64_t training_samples = 0, validation_samples = 0, test_samples = 0;
  int64_t global_batch = 0, batch_per_rank = 0, passes = 1;  // of a step
  int64_t steps_per_epoch = 0, dropped_per_epoch = 0, epochs = 0, total_steps = 0, warmup_steps = 0;
  Footprint footprint;
  double memory_per_rank = 0;       // bytes, while training; on the GPU where there is one
  double node_memory_per_rank = 0;  // bytes of the node's memory, with the program's own
  double disk = 0;                  // bytes of all checkpoints that are kept
  StepTime step;
  double epoch_s = 0, evaluation_s = 0, total_s = 0;  // of one epoch, of one evaluation, of the training with all evaluations
  std::optional<double> time_s;
  int64_t jobs = 1;               // jobs of length time_s that the training needs
  double checkpoint_every_s = 0;  // seconds between checkpoints; 0: only at the end
  std::vector<std::string> warnings, assumptions;
};

// Checks the experiment for the requested number of ranks and predicts its times. Opens the data to learn their sizes. Reads
// samples only if it has to time steps (CPU ranks without a calibration). Throws Error{usage} if the experiment cannot run on
// that many ranks (for example a batch that does not divide evenly, more ranks than samples, a time limit that is too short), and
// what data::open throws.
Plan make_plan(const trainer::Experiment& experiment, const PlanRequest& request);

nlohmann::json to_json(const Plan& plan);  // for `plan --json`
std::string to_text(const Plan& plan);     // for a terminal, one subject a line

}  // namespace hpcai::scaling
