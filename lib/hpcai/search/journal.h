#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/core/append_file.h"
#include "hpcai/search/asha.h"

// The journal of a search on disk: one JSON object a line, each made durable before the search goes on.
//   {"event": "trial", "number", "parameters", "given"}     the trial has begun, or was handed out; "given": proposed from
//   outside
//   {"event": "result", "number", "rung", "value", "finished", "epochs", "steps"}
//   {"event": "failed", "number", "rung", "reason"}
//   {"event": "paused", "number", "steps"}                  a stop signal has ended the program; for the eye, and for Slurm
// A torn line at the end, which a kill or a power failure leaves, is skipped: its trial is simply not yet recorded.
namespace hpcai::search {

// What the journals say of a trial.
struct Trial {
  Values parameters;
  bool begun = false;  // whether its parameters are on disk
  bool given = false;  // whether they were proposed from outside
  TrialResults results;
  int64_t epochs = 0, steps = 0;  // trained at the last result
  std::string failure;
};

class Journal {
 public:
  // Opens the file for appending. If its last line is torn, the next line does not continue it. Throws Error{cannot_write}.
  explicit Journal(const std::filesystem::path& path);

  // Writes a line and makes it durable. Throws Error{cannot_write}.
  void append(const nlohmann::ordered_json& line);

 private:
  AppendFile file_;
};

// The whole lines of a journal that are JSON objects; empty if there is no file. Throws Error{missing_input}.
std::vector<nlohmann::ordered_json> read_journal(const std::filesystem::path& path);

// Adds the lines to `trials`. The first line about a trial's parameters, or about its result at a rung, counts; a repetition does
// not. Throws Error{bad_data} for an object that is no line of a journal; `path` names it.
void apply(const std::vector<nlohmann::ordered_json>& lines, const std::filesystem::path& path, std::map<int64_t, Trial>& trials);

}  // namespace hpcai::search
