#pragma once

#include <nlohmann/json.hpp>

namespace hpcai::trainer {

struct Experiment;

// Opens the data of an experiment as a training does, and returns their description as the card of a checkpoint and
// environment.json hold it: {"train": fingerprint, "validation": fingerprint} and, if the task uses such samples, "unlabelled".
// Throws what open_training_data() and build_task() throw.
nlohmann::json describe_data(const Experiment& experiment);

}  // namespace hpcai::trainer
