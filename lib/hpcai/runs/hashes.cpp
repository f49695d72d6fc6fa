#include "hpcai/runs/hashes.h"

#include <fmt/format.h>

#include <map>
#include <system_error>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/text.h"
#include "hpcai/core/utf8.h"
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

// The nearest finished run in whose folder the file lies; empty if there is none.
fs::path run_around(const fs::path& file) {
  for (fs::path folder = file.parent_path(); folder.has_relative_path(); folder = folder.parent_path()) {
    std::error_code code;
    if (fs::exists(folder / kHashesName, code)) return folder;
  }
  return {};
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

void record_outputs(const std::vector<fs::path>& files) {
  std::map<fs::path, std::vector<std::string>> of_runs;
  for (const fs::path& file : files) {
    std::error_code code;
    const fs::path real = fs::canonical(file, code);
    if (code) continue;
    const fs::path run = run_around(real);
    const std::string name = run.empty() ? "" : real.lexically_relative(run).string();
    if (!name.empty() && !find_invalid_utf8(name)) of_runs[run].push_back(name);
  }
  for (const auto& [run, names] : of_runs) record(run, names);
}

void ReportFolder::write(const fs::path& name, std::string_view content) {
  written_.push_back(folder_ / name);
  write_output(written_.back(), content, option_);
}

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
