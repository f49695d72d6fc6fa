#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hpcai/core/folder_lock.h"
#include "hpcai/core/known_folder.h"

namespace hpcai::runs {

// The action if the folder already holds a run.
enum class ExistingRun { refuse, resume, overwrite };

// runs/<name>, the folder with all files of one run. Rank 0 creates and writes it. The other ranks may ask for paths.
class RunFolder {
 public:
  // Stores the path and touches no file.
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}

  // Creates the folder, or enters an existing one, and locks it against other programs. `overwrite` removes the files of a run
  // and nothing else. Throws Error{usage} in three cases: the folder is not empty and holds no run; it holds a run and `existing`
  // is refuse; another program uses it. Throws Error{cannot_write} if it cannot be created.
  static RunFolder create(const std::filesystem::path& path, ExistingRun existing);
  // Creates and locks the first of the folders `base`, base-2, base-3, ... whose name is free. Programs that start at the same
  // time get different folders. Throws Error{cannot_write}.
  static RunFolder create_free(const std::filesystem::path& base);
  // Makes the first two checks of create() and touches no file.
  static void check(const std::filesystem::path& path, ExistingRun existing);

  bool existed() const { return existed_; }  // whether create() found a run there
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config() const { return path_ / "config.yaml"; }
  std::filesystem::path sources() const { return path_ / "sources.json"; }
  std::filesystem::path command() const { return path_ / "command.txt"; }
  std::filesystem::path environment() const { return path_ / "environment.json"; }
  std::filesystem::path log() const { return path_ / "log.txt"; }
  std::filesystem::path metrics() const { return path_ / "metrics.jsonl"; }
  std::filesystem::path status() const { return path_ / "status.json"; }
  std::filesystem::path summary() const { return path_ / "summary.json"; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
  std::filesystem::path predictions() const { return path_ / "predictions.h5"; }

  // These replace their files atomically. They throw Error{cannot_write}.
  void write_config(std::string_view resolved_yaml) const;
  void write_sources(const nlohmann::json& origins) const;           // the place of each setting that was given
  void write_command(std::span<const std::string> arguments) const;  // as a line that a shell can repeat
  void write_environment(const nlohmann::json& environment) const;
  void write_summary(const nlohmann::json& summary) const;  // also throws if the folder was moved since it was locked

 private:
  void lock();

  std::filesystem::path path_;
  bool existed_ = false;
  FolderLock lock_;
  std::optional<KnownFolder> known_;  // once it is locked
};

// Whether a folder holds a run: its resolved config, metrics or checkpoints.
bool holds_run(const std::filesystem::path& path);

}  // namespace hpcai::runs
