#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "hpcai/core/append_file.h"

namespace hpcai::runs {

// metrics.jsonl of rank 0: one JSON object a line, {"event": "step"|"epoch"|"evaluation"|"skipped"|"rolled_back"|"healed",
// "step", "epoch",
// ...}. A line that cannot be written stays in memory and is written before the next line. The failure goes into the log and does
// not end the run. Not for concurrent use.
class MetricsFile {
 public:
  // Opens the file for appending. Without `resume_step` the file begins empty. With it the file keeps the lines up to that
  // "step", so that the repeated steps leave neither a gap nor a duplicate. A crash of the machine can leave lines that are no
  // JSON objects or an incomplete last line; these are removed with a warning that names them. Throws Error{cannot_write}.
  explicit MetricsFile(std::filesystem::path path, std::optional<int64_t> resume_step = std::nullopt);

  // Appends one line and hands it to the kernel at once, so that it survives the death of this process. Numbers that JSON cannot
  // hold (NaN, infinity) become null.
  void write(const nlohmann::json& line);

  // Writes those of the lines, an array, that the file does not have: none of its lines has the same "event" and "step". Reads
  // the file from the end to the first of these steps.
  void add_missing(const nlohmann::json& lines);

  // Makes the last attempts to write. Throws Error{cannot_write} if lines are unwritten or were discarded. Call it at the end.
  void finish();

 private:
  void report(int error);

  AppendFile file_;
  bool failing_ = false;
};

}  // namespace hpcai::runs
