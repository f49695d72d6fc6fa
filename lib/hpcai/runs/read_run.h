#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/core/json.h"
#include "hpcai/runs/run_state.h"
#include "hpcai/runs/settings.h"

// Reads run folders of any condition: of a run that is finished, killed or being written now, of a copy, of an older program,
// with damaged or missing files. What is known is returned, and `faults` says what is not. Needs no LibTorch.
namespace hpcai::runs {

struct Run {
  std::filesystem::path path;
  RunState state;
  Settings settings;                                             // config.yaml
  nlohmann::json summary = nlohmann::json::object();             // summary.json; empty until the run has ended
  nlohmann::json status = nlohmann::json::object();              // status.json
  nlohmann::json environment = nlohmann::json::object();         // environment.json
  std::optional<nlohmann::json> last_evaluation = std::nullopt;  // of a run without summary: see last_evaluation()
  std::vector<std::string> faults{};                             // "summary.json is no JSON object"

  std::string name() const;  // of its folder, also if the path ends in "." or ".."
};

// Returns a path of the same folder that ends in the folder's name: without a slash at its end, and from the root if it ends in
// "." or "..". What stands beside the folder is named after it.
std::filesystem::path named_path(const std::filesystem::path& folder);

// The files to read. A list of many runs needs few.
struct RunParts {
  bool settings = true;
  bool environment = true;
  bool last_evaluation = true;  // the end of metrics.jsonl, if there is no summary
};

// Reads the files of a run folder. Throws Error{missing_input} if the folder does not exist or holds no run.
Run read_run(const std::filesystem::path& folder, const RunParts& parts = {});

// One object for each whole line of metrics.jsonl, in the order of the file. Adds a fault for lines that are no JSON objects.
std::vector<nlohmann::json> read_metrics(const std::filesystem::path& run, std::vector<std::string>& faults);

// Returns the newest line of event "evaluation" in the last 64 KiB of metrics.jsonl; nothing if there is none.
std::optional<nlohmann::json> last_evaluation(const std::filesystem::path& run);

// A checkpoint by its folder's name and its manifest. Nothing is verified.
struct SavedStep {
  int64_t step = 0;
  std::filesystem::path path;
  nlohmann::json manifest = nlohmann::json::object();  // empty if it cannot be read
};

// Returns the checkpoints step-... of a run, the oldest first.
std::vector<SavedStep> saved_steps(const std::filesystem::path& run);

// Returns the description of the data of a run, {"train": {"samples", "names", "targets", "content"}, "validation": ...}, from
// its environment.json, else from the state.json of its newest checkpoint. Returns an empty object if neither has it.
nlohmann::json data_of(const Run& run);

// Returns the file's JSON object. Returns an empty object, and adds a fault, if the file is damaged; without a fault if the file
// does not exist.
nlohmann::json read_object(const std::filesystem::path& file, std::vector<std::string>& faults);

}  // namespace hpcai::runs
