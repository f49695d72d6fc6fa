#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "hpcai/checkpoint/safetensors.h"

namespace hpcai::checkpoint {

// All that training needs to go on as if it had never stopped.
struct TrainingState {
  NamedTensors model;      // parameters and buffers
  NamedTensors optimizer;  // Optimizer::state()
  nlohmann::json state;    // counters, plateau, early stop, ...
};

// Where a checkpoint comes from; written into its manifest.
struct Origin {
  std::string config_digest{};  // of the settings that change the result
  int world_size = 1;
};

}  // namespace hpcai::checkpoint
