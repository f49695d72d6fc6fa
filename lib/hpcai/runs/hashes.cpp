#include "hpcai/runs/hashes.h"

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/text.h"
#include "hpcai/runs/read_run.h"

namespace hpcai::runs {
namespace {

namespace fs = std::filesystem;

void record(const fs::path& run, const std::vector<std::string>& files) {
  try {
    std::vector<std::string> ignored;  // a damaged file is replaced
    nlohmann::json hashes = read_object(run / kHashesName, ignored);
    for (const std::string& file : files) {
      if (path_exists(run / file)) hashes[file] = sha256_of_file((run / file).string());
    }
    replace_file(run / kHashesName, json_text(hashes, 2) + "\n");
  } catch (const Error& error) {
    log::warning("{}", error.what());
  }
}

std::string fault_of(const fs::path& file, const nlohmann::json& hash) {
  if (!hash.is_string()) return "has no hash in hashes.json";
  if (!path_exists(file)) return "is missing";
  return sha256_of_file(file.string()) == hash ? "" : "has changed since it was written (SHA-256 differs)";
}

}  // namespace

void record_hashes(const fs::path& run) {
  record(run, {"config.yaml", "sources.json", "command.txt", "environment.json", "metrics.jsonl", "summary.json"});
}

void record_hash(const fs::path& run, const std::string& file) { record(run, {file}); }

std::vector<HashCheck> check_hashes(const fs::path& run) {
  std::vector<std::string> faults;
  const nlohmann::json hashes = read_object(run / kHashesName, faults);
  if (!faults.empty()) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}", printable(run), faults.front()), "Copy the file here again.");
  }
  std::vector<HashCheck> checks;
  for (const auto& [file, hash] : hashes.items()) checks.push_back({file, fault_of(run / file, hash)});
  return checks;
}

}  // namespace hpcai::runs
