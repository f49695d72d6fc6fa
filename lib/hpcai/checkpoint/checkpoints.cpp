#include "hpcai/checkpoint/checkpoints.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <stdexcept>
#include <thread>

#include "hpcai/checkpoint/candidates.h"
#include "hpcai/checkpoint/finite.h"
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

namespace hpcai::checkpoint {
namespace {

namespace fs = std::filesystem;
using Clock = Unsaved::Clock;

constexpr double kLastPatience_s = 30;  // time for the last attempts at the end of training
constexpr double kLongestLastPause_s = 5;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

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
}

// JSON stores numbers that are not finite as null. A run could not resume from such a state.
void refuse_not_finite(const nlohmann::json& json) {
  if (json.is_number_float() && !std::isfinite(json.get<double>())) {
    throw std::invalid_argument("the training state holds a number that is not finite");
  }
  if (json.is_structured()) {
    for (const auto& value : json) refuse_not_finite(value);
  }
}

std::optional<std::string> first_tensor_not_finite(const TrainingState& state) {
  return first_not_finite_of({&state.model, &state.optimizer});
}

void write_all(const fs::path& folder, const TrainingState& state, Manifest manifest) {
  refuse_not_finite(state.state);
  make_new_folder(folder);
  put(folder, kModelName, SafetensorsImage(state.model).parts(), manifest);
  put(folder, kOptimizerName, SafetensorsImage(state.optimizer).parts(), manifest);
  put(folder, kStateName, {json_text(state.state, 1)}, manifest);
  write_file(folder / kManifestName, to_text(manifest));
  sync_folder(folder);
}

}  // namespace

Checkpoints::Checkpoints(fs::path folder, int64_t keep, Origin origin, double max_unsaved_s)
    : folder_(std::move(folder)), keep_(std::max<int64_t>(1, keep)), origin_(std::move(origin)), unsaved_(max_unsaved_s) {}

void Checkpoints::prepare() {
  make_folder(folder_);
  for (const Candidate& candidate : find_candidates(folder_)) {
    // An interrupted save may have put the old folder aside before the new folder had its name.
    if (!candidate.path.filename().string().starts_with(kPutAsidePrefix)) continue;
    try {
      verify(candidate.path);
    } catch (const Error&) {
      continue;  // the folder was being removed
    }
    rename_path(candidate.path, path_of(candidate.step));
  }
  for (const fs::path& entry : list_folder(folder_, ExitCode::cannot_write)) {
    if (entry.filename().string().starts_with(kTemporaryPrefix)) remove_folder(entry);
  }
  known_.emplace(folder_);
}

void Checkpoints::require_in_place() const {
  if (!known_ || known_->in_place()) return;
  throw Error(ExitCode::cannot_write,
              fmt::format("the folder {} of this run was moved, removed or replaced; move it back", printable(folder_)),
              "Move the folder back to its place, then go on with --resume auto.");
}

void Checkpoints::write(const Unsaved::State& saved) {
  require_in_place();
  const fs::path temporary = folder_ / fmt::format("{}{}.{}", kTemporaryPrefix, step_name(saved.step), getpid());
  const bool best = saved.best || was_best(saved.step);
  try {
    try_remove_tree(temporary);
    write_all(temporary, saved.state, {.step = saved.step, .origin = origin_, .program_version = kVersion, .best = best});
    publish(temporary, path_of(saved.step));
  } catch (...) {
    try_remove_tree(temporary);
    throw;
  }
  // The state is saved. A failure from here on costs only disk space.
  try {
    point_links(saved.step, best);
    remove_old(saved.step);
  } catch (const Error& e) {
    log::warning("old checkpoints are kept: {}", e.what());
  }
}

void Checkpoints::save(int64_t step, const TrainingState& state, bool best) {
  if (const auto name = first_tensor_not_finite(state)) fail_as_diverged(step, *name);
  const auto start = Clock::now();
  unsaved_.supersede(best);
  const Unsaved::State now{step, best, state};
  if (unsaved_.rests(start)) return unsaved_.keep(now);
  try {
    write(now);
  } catch (const Error& e) {
    if (e.code() != ExitCode::cannot_write || !unsaved_.patient()) throw;
    unsaved_.failed(Clock::now(), seconds_since(start));
    failure_ = e.what();
    if (unsaved_.waiting_s() > unsaved_.longest_s()) fail_as_overdue(e);
    try {
      unsaved_.keep(now);
    } catch (const std::exception&) {  // too little memory for a copy
      throw e;
    }
    log::warning("cannot save step {}: {}. Training goes on, the state waits in memory, and the next attempt is in {:.3g} s; {}",
                 step, e.what(), unsaved_.pause_s(), describe_saved());
    return;
  }
  if (unsaved_.failures() > 0) log::info("step {} is saved: writing works again", step);
  if (unsaved_.empty()) {
    unsaved_.recovered();
  } else {
    try_unsaved();
  }
}

void Checkpoints::try_unsaved() {
  const auto start = Clock::now();
  while (!unsaved_.empty()) {
    const int64_t step = unsaved_.states().front().step;
    try {
      write(unsaved_.states().front());
    } catch (const Error& e) {
      if (e.code() != ExitCode::cannot_write) throw;
      unsaved_.failed(Clock::now(), seconds_since(start));
      failure_ = e.what();
      log::warning("step {} is still not saved after {:.0f} s: {}", step, unsaved_.waiting_s(), e.what());
      return;
    }
    log::info("step {} is saved, {:.3g} s after the first attempt", step, unsaved_.waiting_s());
    unsaved_.saved_first();
  }
}

void Checkpoints::retry() {
  if (retry_due()) try_unsaved();
}

void Checkpoints::finish() {
  const double patience_s = std::min(kLastPatience_s, unsaved_.longest_s());
  for (const auto start = Clock::now(); !unsaved_.empty();) {
    try_unsaved();
    if (unsaved_.empty()) return;
    const double left_s = patience_s - seconds_since(start);
    if (left_s <= 0) {
      throw Error(ExitCode::cannot_write,
                  fmt::format("step {} could not be saved; {}", unsaved_.states().back().step, describe_saved()),
                  "Make it possible to write there, then go on with --resume auto.");
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min({unsaved_.pause_s(), left_s, kLongestLastPause_s})));
  }
}

std::optional<Checkpoints::Trouble> Checkpoints::trouble() const {
  if (unsaved_.empty()) return std::nullopt;
  return Trouble{unsaved_.waiting_s(), failure_};
}

bool Checkpoints::was_best(int64_t step) const {
  try {
    return read_manifest(path_of(step)).best.value_or(false);
  } catch (const Error&) {
    return false;
  }
}

void Checkpoints::fail_as_overdue(const Error& error) const {
  throw Error(error.code(),
              fmt::format("{}; nothing could be saved for {:.0f} s, longer than checkpoint.max_unsaved_s; {}", error.what(),
                          unsaved_.waiting_s(), describe_saved()),
              error.remedy());
}

void Checkpoints::fail_as_diverged(int64_t step, const std::string& tensor) const {
  throw Error(
      ExitCode::diverged,
      fmt::format("the state after step {} is not finite and was not saved: '{}' is the first tensor with NaN or infinity; "
                  "{}",
                  step, tensor, describe_saved()),
      "Start a new run with a lower optimizer.lr, a longer warm-up, or training.clip_norm.");
}

std::string Checkpoints::describe_saved() const {
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
void Checkpoints::point_links(int64_t step, bool best) {
  newest_ = std::max(newest_, step);
  replace_link(folder_ / "last", step_name(newest_));
  if (best) replace_link(folder_ / "best", step_name(step));
}

void Checkpoints::remove_old(int64_t newest) const {
  const auto all = steps();
  const int64_t surplus = static_cast<int64_t>(all.size()) - keep_;
  if (surplus <= 0) return;
  const auto best = best_of(find_candidates(folder_), folder_);
  std::vector<int64_t> doomed(all.begin(), all.begin() + surplus);
  std::erase_if(doomed, [&](int64_t step) { return step == newest || (!best.empty() && step == best.front().step); });
  if (doomed.empty()) return;
  try {
    verify(path_of(newest));
  } catch (const Error& e) {
    log::warning("{}: the checkpoint just saved does not read back, so older ones are kept", e.what());
    return;
  }
  for (const int64_t step : doomed) remove_folder(path_of(step));
}

std::optional<Loaded> Checkpoints::load_newest() const { return checkpoint::load_newest(folder_); }

std::vector<int64_t> Checkpoints::steps() const { return steps_in(folder_); }

fs::path Checkpoints::path_of(int64_t step) const { return folder_ / step_name(step); }

}  // namespace hpcai::checkpoint
