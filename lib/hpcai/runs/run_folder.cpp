#include "hpcai/runs/run_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/text.h"

namespace hpcai::runs {
namespace {

namespace fs = std::filesystem;

// Everything a run leaves; what else lies in the folder belongs to the user.
constexpr const char* kLeftByRuns[] = {"config.yaml",     "command.txt",  "environment.json", "log.txt",
                                       "metrics.jsonl",   "summary.json", "checkpoints",      "predictions.h5",
                                       "predictions.csv", "figures",      "report.html"};

void remove_run(const fs::path& folder) {
  for (const char* name : kLeftByRuns) {
    std::error_code code;
    fs::remove_all(folder / name, code);
    if (code) {
      throw Error(ExitCode::cannot_write, fmt::format("cannot remove {}: {}", (folder / name).string(), code.message()),
                  "Check the permissions there, or choose another folder with --run-dir.");
    }
  }
}

// A name that a run gives, also while the file is being replaced.
bool left_by_run(const std::string& name) {
  return std::any_of(std::begin(kLeftByRuns), std::end(kLeftByRuns),
                     [&](const std::string& own) { return name == own || name.starts_with(own + ".tmp-"); });
}

}  // namespace

bool holds_run(const fs::path& path) {
  std::error_code code;
  if (fs::exists(path / "config.yaml", code) &&
      (fs::exists(path / "command.txt", code) || fs::exists(path / "checkpoints", code) ||
       fs::exists(path / "metrics.jsonl", code))) {
    return true;
  }
  // a run that was killed while it started
  bool any = false;
  for (const auto& entry : fs::directory_iterator(path, code)) {
    const std::string name = entry.path().filename().string();
    if (!left_by_run(name)) return false;
    any = any || name != "config.yaml";  // that alone is the user's
  }
  return any;
}

void RunFolder::check(const fs::path& path, ExistingRun existing) {
  std::error_code code;
  if (fs::exists(path, code) && !fs::is_directory(path, code)) {
    throw Error(ExitCode::usage, fmt::format("the run folder {} is a file", path.string()),
                "Choose another folder with --run-dir.");
  }
  const bool exists = holds_run(path);
  if (exists && existing == ExistingRun::refuse) {
    throw Error(ExitCode::usage, fmt::format("the folder {} already holds a run", path.string()),
                "Go on with it by --resume auto, replace it by --overwrite, or choose another folder with --run-dir.");
  }
  if (!exists && fs::exists(path, code) && !fs::is_empty(path, code)) {
    throw Error(ExitCode::usage, fmt::format("the folder {} is not empty and holds no run", path.string()),
                "Choose another folder with --run-dir; nothing in this one has been touched.");
  }
}

RunFolder RunFolder::create(const fs::path& path, ExistingRun existing) {
  check(path, existing);
  RunFolder folder(path);
  folder.existed_ = holds_run(path);
  make_folder(path);
  folder.lock_ = FolderLock(path, "run folder", "Wait until it has ended, or choose another folder with --run-dir.");
  if (folder.existed_ && existing == ExistingRun::overwrite) {
    remove_run(path);
    folder.existed_ = false;
  }
  return folder;
}

void RunFolder::write_config(std::string_view resolved_yaml) const { replace_file(config(), resolved_yaml); }

void RunFolder::write_command(std::span<const std::string> arguments) const {
  replace_file(command(), shell_line(arguments) + "\n");
}

void RunFolder::write_environment(const nlohmann::json& content) const { replace_file(environment(), content.dump(2) + "\n"); }

void RunFolder::write_summary(const nlohmann::json& content) const { replace_file(summary(), content.dump(2) + "\n"); }

}  // namespace hpcai::runs
