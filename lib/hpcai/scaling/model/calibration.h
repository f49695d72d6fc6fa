#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/scaling/model/step_model.h"

namespace hpcai::scaling {

// The measured time of exchanges of one kind and size.
struct LinkSample {
  bool blocking = false;  // true: all_reduce_sum of a Group, as for batch norm; false: all_reduce_async, as for gradients
  double bytes = 0;
  int64_t repeats = 0;
  double median_s = 0;
  double core_s = 0;    // processor time of one exchange on one rank, mean over the ranks
  double fitted_s = 0;  // the time that the fitted Link predicts
};

// The result of calibrate(): what was measured, and on which machine. The file calibration.json holds it.
struct Calibration {
  std::string name;             // of the experiment
  std::string config_digest;    // workload_digest() of the experiment
  std::string host, device;     // "cpu", "cuda:0"
  int world_size = 1;           // ranks that measured; 1: the link was not measured
  bool one_host = true;         // whether these ranks were on one host
  std::vector<double> batches;  // timed batch sizes of one pass, rising; the model holds between the smallest and the largest
  int64_t steps = 0;            // timed steps of the largest batch
  Workload workload;
  Machine machine;
  std::vector<LinkSample> link;
  double worst_link_residual = 0;  // largest |fitted_s / median_s - 1| over `link`
};

// The content of calibration.json: every field, and the name of the format.
nlohmann::json to_json(const Calibration& calibration);

// The inverse of to_json. Throws Error{bad_data} that names the field that is missing, of a wrong type or out of range.
Calibration calibration_from_json(const nlohmann::json& json);

// Reads a file that write_calibration wrote. Throws Error{missing_input} or Error{bad_data}, with the path.
Calibration read_calibration(const std::filesystem::path& path);
// As read_calibration. Returns std::nullopt if the file does not exist. Logs a warning and returns std::nullopt if the file
// cannot be used, for example because an earlier version of the program wrote it.
std::optional<Calibration> find_calibration(const std::filesystem::path& path);

// Replaces the file atomically. Throws Error{cannot_write}.
void write_calibration(const std::filesystem::path& path, const Calibration& calibration);

}  // namespace hpcai::scaling
