#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "hpcai/trainer/incarnation.h"

namespace hpcai::trainer {

// Repeats a run up to step `number` (from 1), of which it computes loss and gradients. It starts from the newest checkpoint of
// the run folder before that step, or from the beginning if there is none, and writes nothing. Returns on all ranks
//   {"step", "from_step", "loss", "lr", "gradient_norm", "gradient_norms": {tensor: L2 norm}, "samples": [ids]}
// with the samples of the training data in the step, in the order of the global batch. `incarnation`: of the run's config, before
// build(). Every rank calls this function. Throws Error{usage} if the training has no such step, Error{cannot_resume} if the data
// have changed or no checkpoint before the step verifies, and what Loop::run() throws.
nlohmann::json replay(Incarnation& incarnation, const std::filesystem::path& run, int64_t number);

}  // namespace hpcai::trainer
