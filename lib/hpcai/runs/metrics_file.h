#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>

namespace hpcai::runs {

// metrics.jsonl: one JSON object a line, {"event": "step"|"epoch"|"evaluation", "step", "epoch", ...}, for rank 0.
class MetricsFile {
 public:
  // Opens for appending. With `resume_step`, first removes a torn last line and every line with a "step" above it, so
  // that the steps done again leave neither gap nor duplicate. Throws Error{cannot_write}, Error{bad_data}.
  explicit MetricsFile(std::filesystem::path path, std::optional<int64_t> resume_step = std::nullopt);
  ~MetricsFile();
  MetricsFile(const MetricsFile&) = delete;
  MetricsFile& operator=(const MetricsFile&) = delete;

  // Appends one line, handed to the system at once, so that it survives the death of this process. Numbers that JSON
  // cannot hold (NaN, infinity) become null.
  void write(const nlohmann::json& line);

  // Makes the lines durable; call before a checkpoint is saved, lest a crash of the machine leaves a gap before it.
  void sync();

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

}  // namespace hpcai::runs
