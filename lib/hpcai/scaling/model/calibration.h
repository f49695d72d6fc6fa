#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/scaling/model/step_model.h"

namespace hpcai::scaling {

// One size of the exchanges that were timed.
struct LinkSample {
  bool blocking = false;  // as small exchanges for which everybody waits go; else as buckets do
  double bytes = 0;
  int64_t repeats = 0;
  double median_s = 0;
  double core_s = 0;    // processor time of one exchange, mean over the ranks
  double fitted_s = 0;  // what the fitted link says
};

// What calibrate() measured, and on what: the file calibration.json.
struct Calibration {
  std::string name;             // of the experiment
  std::string config_digest;    // workload_digest() of it
  std::string host, device;     // "cpu", "cuda:0"
  int world_size = 1;           // of the group that timed the link; 1: the link was not measured
  bool one_host = true;         // whether these ranks were on one host
  std::vector<double> batches;  // samples of one pass that were timed; the model is good between them
  int64_t steps = 0;            // timed steps of the largest
  Workload workload;
  Machine machine;
  std::vector<LinkSample> link;
  double worst_link_residual = 0;  // relative, of link
};

nlohmann::json to_json(const Calibration& calibration);

// Throws Error{bad_data} that names what is missing or not a number.
Calibration calibration_from_json(const nlohmann::json& json);

// Throws Error{missing_input} or Error{bad_data}, with the path.
Calibration read_calibration(const std::filesystem::path& path);
// Nothing where there is none, or, after a warning, one that cannot be used, such as an earlier version's.
std::optional<Calibration> find_calibration(const std::filesystem::path& path);

// Throws Error{cannot_write}.
void write_calibration(const std::filesystem::path& path, const Calibration& calibration);

}  // namespace hpcai::scaling
