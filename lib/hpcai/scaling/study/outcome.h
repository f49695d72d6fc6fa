#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "hpcai/scaling/model/step_model.h"

namespace hpcai::scaling {

// One run of a study, as its summary.json tells it.
struct Outcome {
  std::string folder;
  int repeat = 1;
  int64_t seed = 0;
  std::string status = "missing";  // finished, stopped, diverged, failed; missing: there is no summary
  int world = 0;
  bool reached = false;
  double time_to_target_s = 0, epochs_to_target = 0;  // where reached
  double time_s = 0, epochs = 0;                      // of the whole run
  double samples_per_second = 0;
  std::optional<double> quality;  // of the last validation
  std::optional<StepTime> step;
  std::string weights_sha256;

  bool finished() const { return status == "finished"; }
};

// Reads a run folder. `metric` is that of the target. Throws Error{bad_data} for a summary that is no JSON.
Outcome read_outcome(const std::filesystem::path& folder, const std::string& metric);

nlohmann::json to_json(const Outcome& outcome);
nlohmann::json to_json(const StepTime& step);  // as in a summary

}  // namespace hpcai::scaling
