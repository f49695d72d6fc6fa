#include "hpcai/checkpoint/folder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "hpcai/checkpoint/candidates.h"
#include "hpcai/checkpoint/manifest.h"
#include "hpcai/checkpoint/publish.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/text.h"
#include "hpcai/core/version.h"
#include "hpcai/core/work_done.h"

namespace hpcai::checkpoint {
namespace {

namespace fs = std::filesystem;

// Writes one file of a checkpoint and records its size and hash.
void put(const fs::path& folder, const char* name, const std::vector<std::string_view>& pieces, Manifest& manifest) {
  write_file(folder / name, pieces);
  Sha256 hash;
  FileRecord record;
  for (const auto& piece : pieces) {
    hash.update(piece);
    record.size += piece.size();
  }
  record.sha256 = hash.hex();
  manifest.files[name] = record;
  ++work_done;
}

void write_all(const fs::path& folder, const TrainingState& state, Manifest manifest) {
  make_new_folder(folder);
  put(folder, kModelName, SafetensorsImage(state.model).parts(), manifest);
  put(folder, kOptimizerName, SafetensorsImage(state.optimizer).parts(), manifest);
  put(folder, kStateName, {json_text(state.state, 1)}, manifest);
  write_file(folder / kManifestName, to_text(manifest));
  sync_folder(folder);
}

}  // namespace

Folder::Folder(fs::path path, int64_t keep, Origin origin)
    : path_(std::move(path)), keep_(std::max<int64_t>(1, keep)), origin_(std::move(origin)) {}

void Folder::prepare() {
  make_folder(path_);
  for (const Candidate& candidate : find_candidates(path_)) {
    // An interrupted save may have put the old folder aside before the new folder had its name.
    if (!candidate.path.filename().string().starts_with(kPutAsidePrefix)) continue;
    try {
      verify(candidate.path);
    } catch (const Error&) {
      continue;  // the folder was being removed
    }
    rename_path(candidate.path, path_of(candidate.step));
  }
  for (const fs::path& entry : list_folder(path_, ExitCode::cannot_write)) {
    if (entry.filename().string().starts_with(kTemporaryPrefix)) remove_folder(entry);
  }
  known_.emplace(path_);
}

void Folder::require_in_place() const {
  if (!known_ || known_->in_place()) return;
  throw Error(ExitCode::cannot_write,
              fmt::format("the folder {} of this run was moved, removed or replaced; move it back", printable(path_)),
              "Move the folder back to its place, then go on with --resume auto.");
}

void Folder::sync_file_first() const {
  if (synced_first_.empty()) return;
  const int error = sync_file(synced_first_);
  if (error != 0) log::warning("cannot make {} durable: {}", printable(synced_first_), std::strerror(error));
}

void Folder::write(int64_t step, const TrainingState& state, bool is_best) {
  require_in_place();
  sync_file_first();
  const fs::path temporary = path_ / fmt::format("{}{}.{}", kTemporaryPrefix, step_name(step), getpid());
  const bool best = is_best || was_best(step);
  try {
    try_remove_tree(temporary);
    write_all(temporary, state, {.step = step, .origin = origin_, .program_version = kVersion, .best = best});
    publish(temporary, path_of(step));
  } catch (...) {
    require_in_place();  // if the folder was moved meanwhile, that is the reason
    try_remove_tree(temporary);
    throw;
  }
  // The state is saved. A failure from here on costs only disk space.
  try {
    point_links(step, best);
    remove_old(step);
  } catch (const Error& e) {
    log::warning("old checkpoints are kept: {}", e.what());
  }
}

bool Folder::was_best(int64_t step) const {
  try {
    return read_manifest(path_of(step)).best.value_or(false);
  } catch (const Error&) {
    return false;
  }
}

std::string Folder::describe() const {
  try {
    if (known_ && !known_->in_place()) return "the earlier checkpoints are in that folder";
    const auto saved = steps();
    if (!saved.empty()) return fmt::format("the last checkpoint on disk is of step {}", saved.back());
    return "there is no checkpoint yet";
  } catch (const Error& e) {
    return e.what();
  }
}

// An older state that was unsaved must not take the link from a newer one.
void Folder::point_links(int64_t step, bool best) {
  newest_ = std::max(newest_.load(), step);
  replace_link(path_ / "last", step_name(newest_));
  if (best) replace_link(path_ / "best", step_name(step));
}

void Folder::remove_old(int64_t newest) const {
  const auto all = steps();
  const int64_t surplus = static_cast<int64_t>(all.size()) - keep_;
  if (surplus <= 0) return;
  const auto best = best_of(find_candidates(path_), path_);
  std::vector<int64_t> doomed(all.begin(), all.begin() + surplus);
  std::erase_if(doomed, [&](int64_t step) { return step == newest || (!best.empty() && step == best.front().step); });
  if (doomed.empty()) return;
  try {
    verify(path_of(newest));
    ++work_done;
  } catch (const Error& e) {
    log::warning("{}: the checkpoint just saved does not read back, so older ones are kept", e.what());
    return;
  }
  for (const int64_t step : doomed) remove_folder(path_of(step));
}

std::optional<int64_t> Folder::newest() const {
  const int64_t step = newest_;
  return step < 0 ? std::nullopt : std::make_optional(step);
}

std::vector<int64_t> Folder::steps() const { return steps_in(path_); }

fs::path Folder::path_of(int64_t step) const { return path_ / step_name(step); }

}  // namespace hpcai::checkpoint
