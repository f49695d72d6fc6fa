#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/checkpoint/load.h"
#include "hpcai/checkpoint/state.h"
#include "hpcai/checkpoint/unsaved.h"
#include "hpcai/core/error.h"

namespace hpcai::checkpoint {

// The folder checkpoints/ of a run:
//   step-00000123/{manifest.json, model.safetensors, optimizer.safetensors, state.json}   last -> step-...   best -> step-...
// A checkpoint is written under .tmp-step-00000123.<pid>, every file fsynced, their sizes and SHA-256 written to
// manifest.json, which carries its own SHA-256, and fsynced; then the folder is renamed and the parent fsynced. So at any
// moment each visible checkpoint is whole. "The last" is the newest checkpoint that verifies, "the best" the newest whose
// manifest says that it was the best when it was saved; the links only show them to people.
// All functions are for rank 0 but load_newest(), which only reads.
class Checkpoints {
 public:
  // Touches nothing. Keeps the newest `keep` (at least 1) checkpoints, and the best. For `max_unsaved_s` seconds after a
  // failure to write, save() keeps states in memory and goes on.
  Checkpoints(std::filesystem::path folder, int64_t keep, Origin origin = {}, double max_unsaved_s = 0);

  // Creates the folder and removes what interrupted saves left. Call once, before the first save. Throws
  // Error{cannot_write}.
  void prepare();

  // Saves the state as the newest checkpoint, and the best so far if `best`; a checkpoint of the same step is replaced, and
  // stays the best if it was. Old checkpoints are removed only after the new one has been read back and its hashes verified.
  // A state that cannot be written leaves nothing visible. It is copied, kept in memory and tried again by retry() and
  // finish(), at growing intervals, until a later state takes its place; the log tells. Throws Error{cannot_write} once that
  // has been so for max_unsaved_s.
  void save(int64_t step, const TrainingState& state, bool best = false);

  // Between steps: whether a state waits and the time has come to try again. Costs next to nothing.
  bool retry_due() const { return !unsaved_.empty() && !unsaved_.rests(Unsaved::Clock::now()); }
  // Tries again what could not be saved, if retry_due().
  void retry();
  // Whether a state has waited for longer than max_unsaved_s: training should stop, and save() will throw.
  bool overdue() const { return unsaved_.overdue(); }
  // At the end of training: tries for at most half a minute more. Throws Error{cannot_write} if a state is still not saved.
  void finish();

  // The newest checkpoint whose hashes verify; nothing if there is none at all. Throws Error{cannot_resume}, with every
  // reason, if there are checkpoints but none verifies.
  std::optional<Loaded> load_newest() const;

  std::vector<int64_t> steps() const;  // of the visible checkpoints, rising
  std::filesystem::path path_of(int64_t step) const;

 private:
  void write(const Unsaved::State& state);
  void try_unsaved();
  bool was_best(int64_t step) const;
  [[noreturn]] void fail_as_overdue(const Error& error) const;
  void point_links(int64_t step, bool best);
  void remove_old(int64_t newest) const;
  std::string describe_saved() const;

  std::filesystem::path folder_;
  int64_t keep_;
  Origin origin_;
  Unsaved unsaved_;
  int64_t newest_ = -1;  // step, of those that this object has saved
};

}  // namespace hpcai::checkpoint
