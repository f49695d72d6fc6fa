#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "hpcai/core/folder_lock.h"

namespace hpcai::runs {

// What to do when the folder already holds a run.
enum class ExistingRun { refuse, resume, overwrite };

// runs/<name>: where everything about one run is kept. Only rank 0 creates and writes; other ranks may ask for paths.
class RunFolder {
 public:
  // Only names the folder; touches nothing.
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}

  // Creates the folder, or enters an existing one, and locks it against a second program. Throws Error{usage} if the
  // folder is not empty and holds no run, holds a run and `existing` is refuse, or is in use by another program;
  // Error{cannot_write} if it cannot be created. `overwrite` removes what a run leaves, and nothing else.
  static RunFolder create(const std::filesystem::path& path, ExistingRun existing);
  // The first of these checks alone, before there is anything to write: touches nothing.
  static void check(const std::filesystem::path& path, ExistingRun existing);

  bool existed() const { return existed_; }  // create() found a run there
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config() const { return path_ / "config.yaml"; }
  std::filesystem::path command() const { return path_ / "command.txt"; }
  std::filesystem::path environment() const { return path_ / "environment.json"; }
  std::filesystem::path log() const { return path_ / "log.txt"; }
  std::filesystem::path metrics() const { return path_ / "metrics.jsonl"; }
  std::filesystem::path summary() const { return path_ / "summary.json"; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
  std::filesystem::path predictions() const { return path_ / "predictions.h5"; }

  // Each replaces its file atomically. Throws Error{cannot_write}.
  void write_config(std::string_view resolved_yaml) const;
  void write_command(std::span<const std::string> arguments) const;  // as a line that a shell can repeat
  void write_environment(const nlohmann::json& environment) const;
  void write_summary(const nlohmann::json& summary) const;

 private:
  std::filesystem::path path_;
  bool existed_ = false;
  FolderLock lock_;
};

// Whether a folder holds a run (its resolved config, metrics or checkpoints).
bool holds_run(const std::filesystem::path& path);

}  // namespace hpcai::runs
