#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hpcai/distributed/exchange/group.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/loop.h"

// What a training says of itself at its start and at its end.
namespace hpcai::trainer {

struct Experiment;

// Logs what is trained on what and for how long, and warns of settings that are hardly meant.
void introduce(const Experiment& experiment, const Training& training, const Loop& loop, const distributed::Group& group,
               const std::filesystem::path& folder);

// summary.json but for the final evaluations. `status`: "finished", "stopped", "diverged" or "failed".
nlohmann::json summarise(const Experiment& experiment, const Training& training, Loop& loop, const distributed::Group& group,
                         double samples_per_second, const std::string& status);

// Logs where the time of a step went, and which rank held up the others. `hosts`: by rank. Says nothing of one rank alone.
void tell_balance(const StepTimes& times, const std::vector<std::string>& hosts);

}  // namespace hpcai::trainer
