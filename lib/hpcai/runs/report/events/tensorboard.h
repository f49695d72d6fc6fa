#pragma once

#include <filesystem>

namespace hpcai::runs::report {

// Writes the numbers of metrics.jsonl of a run as an event file into folder/<name of the run>/ and returns its path. It
// replaces the file of an earlier call; while a run goes on it begins as that one, so that TensorBoard can follow it. Tags:
// "training/loss", "training/lr", "validation/loss", "validation/rmse.redshift". TensorBoard holds numbers as float32. Throws
// Error{missing_input} if there is no run, Error{cannot_write}.
std::filesystem::path write_tensorboard(const std::filesystem::path& run, const std::filesystem::path& folder);

}  // namespace hpcai::runs::report
