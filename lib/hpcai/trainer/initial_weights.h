#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/models/model.h"
#include "hpcai/trainer/model_section.h"

namespace hpcai::trainer {

// The weights that a training has started from.
struct InitialWeights {
  std::string text;       // "234 of 240 tensors from xception.h5 (Keras); the head is new"; empty: from the seed
  nlohmann::json record;  // for the card of the checkpoints: {"path", "file", "sha256"}; null: from the seed
};

// Reads the weights that `section` names, if it names any, and copies them into the model, which may be on any device. They are a
// file (checkpoint/weights/read_weights.h), or the folder of a run or checkpoint of this program, whose best or else last
// checkpoint is taken. Throws Error{missing_input} or Error{bad_data} if they cannot be read or are not those of the model, see
// models::apply_weights(); Error{usage} if a setting of the model does not fit them, see models::translate().
InitialWeights load_initial_weights(const ModelSection& section, models::Model& model);

// The files that `section` names, which no output may replace; none if its weights are a folder.
std::vector<std::filesystem::path> weight_files(const ModelSection& section);

// A resumed run needs its initial weights no more. But if the file that `record` (see above) names is still there, throws
// Error{cannot_resume} if its content has changed: then the run could not be repeated. `run`: the run folder, for messages.
void refuse_changed_weights(const nlohmann::json& record, const std::filesystem::path& run);

}  // namespace hpcai::trainer
