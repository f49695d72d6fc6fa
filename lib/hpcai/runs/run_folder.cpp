#include "hpcai/runs/run_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"

namespace hpcai::runs {
namespace {

namespace fs = std::filesystem;

// The files of a run. All other files in the folder belong to the user.
constexpr const char* kLeftByRuns[] = {"config.yaml",      "sources.json",  "command.txt",    "environment.json",
                                       "log.txt",          "metrics.jsonl", "status.json",    "summary.json",
                                       "hashes.json",      "checkpoints",   "predictions.h5", "predictions.csv",
                                       "calibration.json", "figures",       "report.html"};

void remove_run(const fs::path& folder) {
  for (const char* name : kLeftByRuns) {
    remove_tree(folder / name);
  }
}

// Whether a file has a name from this list, or the temporary name of such a file.
bool left_by_run(const std::string& name) {
  return std::any_of(std::begin(kLeftByRuns), std::end(kLeftByRuns),
                     [&](const std::string& own) { return name == own || name.starts_with(own + ".tmp-"); });
}

// Returns the names in the folder without lock files, which do not show what the folder holds.
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::path& entry : list_folder(folder, ExitCode::cannot_write)) names.push_back(entry.filename().string());
  std::erase_if(names, [](const std::string& name) { return name.starts_with(kLockName); });
  return names;
}

}  // namespace

bool holds_run(const fs::path& path) {
  constexpr auto code = ExitCode::cannot_write;
  if (path_exists(path / "config.yaml", code) &&
      (path_exists(path / "command.txt", code) || path_exists(path / "checkpoints", code) ||
       path_exists(path / "metrics.jsonl", code))) {
    return true;
  }
  // A run that was killed while it started leaves some of the files.
  bool any = false;
  for (const std::string& name : names_in(path)) {
    if (!left_by_run(name)) return false;
    any = any || name != "config.yaml";  // the config alone may be the user's
  }
  return any;
}

void RunFolder::check(const fs::path& path, ExistingRun existing) {
  constexpr auto code = ExitCode::cannot_write;
  if (path_exists(path, code) && !is_folder(path, code)) {
    throw Error(ExitCode::usage, fmt::format("the run folder {} is a file", path.string()),
                "Choose another folder with --run-dir.");
  }
  const bool exists = holds_run(path);
  if (exists && existing == ExistingRun::refuse) {
    throw Error(ExitCode::usage, fmt::format("the folder {} already holds a run", path.string()),
                "Go on with it by --resume auto, replace it by --overwrite, or choose another folder with --run-dir.");
  }
  if (!exists && !names_in(path).empty()) {
    throw Error(ExitCode::usage, fmt::format("the folder {} is not empty and holds no run", path.string()),
                "Choose another folder with --run-dir; nothing in this one has been touched.");
  }
}

RunFolder RunFolder::create(const fs::path& path, ExistingRun existing) {
  check(path, existing);
  RunFolder folder(path);
  folder.existed_ = holds_run(path);
  make_folder(path);
  folder.lock();
  if (folder.existed_ && existing == ExistingRun::overwrite) {
    remove_run(path);
    folder.existed_ = false;
  }
  return folder;
}

RunFolder RunFolder::create_free(const fs::path& base) {
  if (base.has_parent_path()) make_folder(base.parent_path());
  fs::path path = base;
  for (int n = 2; !make_new_folder(path); ++n) path = base.string() + fmt::format("-{}", n);
  RunFolder folder(path);
  folder.lock();
  return folder;
}

void RunFolder::lock() {
  lock_ = FolderLock(path_, "run folder", "Wait until it has ended, or choose another folder with --run-dir.");
  known_.emplace(path_);
}

void RunFolder::write_config(std::string_view resolved_yaml) const { replace_file(config(), resolved_yaml); }

void RunFolder::write_sources(const nlohmann::json& content) const { replace_file(sources(), json_text(content, 2) + "\n"); }

void RunFolder::write_command(std::span<const std::string> arguments) const {
  replace_file(command(), shell_line(arguments) + "\n");
}

void RunFolder::write_environment(const nlohmann::json& content) const {
  replace_file(environment(), json_text(content, 2) + "\n");
}

void RunFolder::write_summary(const nlohmann::json& content) const {
  if (known_ && !known_->in_place()) {
    throw Error(ExitCode::cannot_write,
                fmt::format("cannot write {}: the run folder was moved, removed or replaced", printable(summary())));
  }
  replace_file(summary(), json_text(content, 2) + "\n");
}

}  // namespace hpcai::runs
