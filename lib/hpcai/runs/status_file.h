#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <utility>

#include "hpcai/core/known_folder.h"

namespace hpcai::runs {

// status.json of a run, from which people and programs learn what the run does now. A reader sees a whole file at any time. A
// failure to write it is ignored: it must neither end nor delay the run. Not for concurrent use.
class StatusFile {
 public:
  // Writes nothing yet. Throws Error{cannot_write} if the folder of the file does not exist.
  explicit StatusFile(std::filesystem::path path) : path_(std::move(path)), folder_(path_.parent_path()) {}

  // Whether the last attempt to write is some seconds old.
  bool due() const { return Clock::now() >= next_; }
  // Writes nothing if the folder was moved. Else it replaces the file by the object `content` and the keys "time" (UTC), "host"
  // and "process" of this process.
  void write(nlohmann::json content);

 private:
  using Clock = std::chrono::steady_clock;

  std::filesystem::path path_;
  KnownFolder folder_;
  Clock::time_point next_{};
};

}  // namespace hpcai::runs
