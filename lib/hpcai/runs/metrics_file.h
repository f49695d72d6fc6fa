#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "hpcai/core/append_file.h"

namespace hpcai::runs {

// metrics.jsonl: one JSON object a line, {"event": "step"|"epoch"|"evaluation", "step", "epoch", ...}, for rank 0.
// A line that cannot be written ends no run: it waits in memory, the log tells, and it is written before the next one.
class MetricsFile {
 public:
  // Opens for appending. With `resume_step`, first removes a torn last line and every line with a "step" above it, so
  // that the steps done again leave neither gap nor duplicate. Throws Error{cannot_write}, Error{bad_data}.
  explicit MetricsFile(std::filesystem::path path, std::optional<int64_t> resume_step = std::nullopt);

  // Appends one line, handed to the system at once, so that it survives the death of this process. Numbers that JSON
  // cannot hold (NaN, infinity) become null.
  void write(const nlohmann::json& line);

  // Makes the lines durable; call before a checkpoint is saved, lest a crash of the machine leaves a gap before it.
  void sync();

  // At the end, after a few attempts: throws Error{cannot_write} if lines still wait, or were lost.
  void finish();

 private:
  void report(int error);

  AppendFile file_;
  bool failing_ = false;
};

}  // namespace hpcai::runs
