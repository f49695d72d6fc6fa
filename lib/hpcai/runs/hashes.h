#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// hashes.json of a run folder: the SHA-256 of each file that the run, and later commands on it, have written. So a later change
// of such a file is noticed. status.json and log.txt are not in it, nor are the checkpoints, whose manifests have hashes.
namespace hpcai::runs {

inline constexpr const char* kHashesName = "hashes.json";

// Records the present content of config.yaml, sources.json, command.txt, environment.json, metrics.jsonl and summary.json.
// Entries of other files stay. A failure is logged as a warning, because the run itself is complete.
void record_hashes(const std::filesystem::path& run);

// Records the present content of files that a command has just written: each in the hashes.json of the run folder in which it
// lies, at any depth. A file outside of finished runs is left out, as is one whose name is not UTF-8.
void record_outputs(const std::vector<std::filesystem::path>& files);

// The files of a report, which a command writes into one folder and records together.
class ReportFolder {
 public:
  // `option`: the option of the command line that names the folder.
  ReportFolder(std::filesystem::path folder, std::string option) : folder_(std::move(folder)), option_(std::move(option)) {}
  // Writes a file of the folder as write_output() does. Throws Error{cannot_write}.
  void write(const std::filesystem::path& name, std::string_view content);
  // Records what has been written, as record_outputs() does.
  void record() const { record_outputs(written_); }

 private:
  std::filesystem::path folder_;
  std::string option_;
  std::vector<std::filesystem::path> written_;
};

// One file of hashes.json.
struct HashCheck {
  std::string file;
  std::string fault;  // "is missing", "has changed since it was written (SHA-256 differs)"; empty if the file is as it was
};

// Compares every file with its hash. Returns nothing if there is no hashes.json, as for a run that has not finished. Throws
// Error{bad_data} if it is damaged.
std::vector<HashCheck> check_hashes(const std::filesystem::path& run);

}  // namespace hpcai::runs
