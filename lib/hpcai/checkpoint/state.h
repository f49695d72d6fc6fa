#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "hpcai/checkpoint/safetensors.h"

namespace hpcai::checkpoint {

// The state from which a training resumes exactly.
struct TrainingState {
  NamedTensors model;      // parameters and buffers
  NamedTensors optimizer;  // Optimizer::state()
  nlohmann::json state;    // counters, plateau, early stop, ...
};

// The origin of a checkpoint; its manifest holds it.
struct Origin {
  std::string config_digest{};  // of the settings that change the result
  int world_size = 1;
};

}  // namespace hpcai::checkpoint
