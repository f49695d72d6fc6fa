#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "hpcai/search/asha.h"

namespace hpcai::search {

// What the run folder of a trial says about the training to one rung.
struct Outcome {
  RungResult result = {};
  int64_t epochs = 0, steps = 0;
  std::string failure = {};  // if the training has failed
};

// Reads summary.json. Returns nothing if the training has not come to the rung: it was killed, stopped, or has not begun. Throws
// Error{usage} if it has come there but the validation split has no such metric, and Error{bad_data} for a damaged file.
std::optional<Outcome> read_outcome(const Space& space, const std::filesystem::path& run_folder, int64_t rung);

// The steps of the newest checkpoint; 0 without one.
int64_t saved_steps(const std::filesystem::path& run_folder);

// The last error that a training has printed into the file `output`; empty if there is none.
std::string last_error(const std::filesystem::path& output);

}  // namespace hpcai::search
