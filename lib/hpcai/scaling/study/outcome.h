#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "hpcai/scaling/model/step_model.h"

namespace hpcai::scaling {

// The result of one run of a study, from its summary.json.
struct Outcome {
  std::string folder;
  int repeat = 1;
  int64_t seed = 0;
  std::string status = "missing";  // finished, stopped, diverged, failed; missing: the folder has no summary
  int world = 0;
  bool reached = false;
  double time_to_target_s = 0, epochs_to_target = 0;  // valid if `reached`
  double time_s = 0, epochs = 0;                      // of the whole run
  double samples_per_second = 0;
  std::optional<double> quality;  // of the last validation
  std::optional<StepTime> step;
  std::string weights_sha256;

  bool finished() const { return status == "finished"; }
};

// Reads the summary of a run folder. `metric` names the validation metric that becomes Outcome::quality. Throws Error{bad_data}
// for a summary that is not JSON.
Outcome read_outcome(const std::filesystem::path& folder, const std::string& metric);

nlohmann::json to_json(const Outcome& outcome);  // an entry of "runs" in scaling.json
nlohmann::json to_json(const StepTime& step);    // as in a summary

}  // namespace hpcai::scaling
