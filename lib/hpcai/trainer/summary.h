#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hpcai/distributed/exchange/group.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/loop.h"

// The messages at the start and at the end of a training, and the content of summary.json.
namespace hpcai::trainer {

struct Experiment;

// Logs the sizes of the data, the model, the batch and the training, and the warnings about the settings.
void introduce(const Experiment& experiment, const Training& training, const Loop& loop, const distributed::Group& group,
               const std::filesystem::path& folder);

// The content of summary.json without the final evaluations. `status`: "finished", "stopped", "paused", "diverged"
// or "failed".
nlohmann::json summarise(const Experiment& experiment, const Training& training, Loop& loop, const distributed::Group& group,
                         double samples_per_second, const std::string& status);

// Logs the parts of the mean step and the slowest rank. Logs nothing for a single rank. `hosts`: the host name of each rank.
void tell_balance(const StepTimes& times, const std::vector<std::string>& hosts);

}  // namespace hpcai::trainer
