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
#include "hpcai/core/known_folder.h"

namespace hpcai::checkpoint {

// The folder checkpoints/ of a run:
//   step-00000123/{manifest.json, model.safetensors, optimizer.safetensors, state.json}   last -> step-...   best -> step-...
// A save writes the files into .tmp-step-00000123.<pid> and fsyncs each one. It writes their sizes and SHA-256 into
// manifest.json, which carries its own SHA-256, and fsyncs that too. It then renames the folder and fsyncs the parent. Each
// visible checkpoint is therefore whole at any moment. "The last" is the newest checkpoint that verifies. "The best" is the
// newest one whose manifest states that it was the best when it was saved. The links only show them to people. Rank 0 calls these
// functions; the other ranks may call load_newest(), which only reads.
class Checkpoints {
 public:
  // Touches no file. `keep`: number of the newest checkpoints to keep (at least 1), besides the best one. `max_unsaved_s`: for so
  // many seconds after a failure to write, save() keeps states in memory and returns.
  Checkpoints(std::filesystem::path folder, int64_t keep, Origin origin = {}, double max_unsaved_s = 0);

  // Creates the folder and removes the remains of interrupted saves. Call it once, before the first save. From then on nothing is
  // written if the path leads to another folder or to none, because somebody has moved the folder: such a save fails as on a full
  // disk, until the folder is back. Throws Error{cannot_write}.
  void prepare();

  // Saves the state as the newest checkpoint, and as the best one if `best`. It replaces a checkpoint of the same step, which
  // stays the best if it was. It removes old checkpoints only after it has read the new one back and verified its hashes. A state
  // that cannot be written leaves nothing visible; the log reports it. The object keeps a copy in memory, and retry() and
  // finish() try again at growing intervals until a later state replaces it. Throws Error{cannot_write} once a state is unsaved
  // for longer than max_unsaved_s; Error{diverged} that names the first tensor that is not finite, before it touches a file.
  void save(int64_t step, const TrainingState& state, bool best = false);

  // Returns whether a state is unsaved and it is time to try again. Call it between steps; it is cheap.
  bool retry_due() const { return !unsaved_.empty() && !unsaved_.rests(Unsaved::Clock::now()); }
  // Tries again to write unsaved states if retry_due().
  void retry();
  // Whether a state is unsaved for longer than max_unsaved_s. Training should then stop; save() throws.
  bool overdue() const { return unsaved_.overdue(); }
  // The failure because of which states are unsaved; nothing if all are saved.
  struct Trouble {
    double seconds = 0;  // since the first failure
    std::string reason;
  };
  std::optional<Trouble> trouble() const;
  // The newest step that this object has saved.
  std::optional<int64_t> last_saved() const { return newest_ < 0 ? std::nullopt : std::make_optional(newest_); }
  // Tries for at most 30 s more. Call it at the end of training. Throws Error{cannot_write} if a state is still unsaved.
  void finish();

  // Returns the newest checkpoint whose hashes verify; nothing if there is no checkpoint. Throws Error{cannot_resume} with every
  // reason if none of the checkpoints verifies.
  std::optional<Loaded> load_newest() const;

  std::vector<int64_t> steps() const;  // of the visible checkpoints, in rising order
  // Returns the folder of a step's checkpoint, whether it exists or not.
  std::filesystem::path path_of(int64_t step) const;

 private:
  void require_in_place() const;
  void write(const Unsaved::State& state);
  void try_unsaved();
  bool was_best(int64_t step) const;
  [[noreturn]] void fail_as_overdue(const Error& error) const;
  [[noreturn]] void fail_as_diverged(int64_t step, const std::string& tensor) const;
  void point_links(int64_t step, bool best);
  void remove_old(int64_t newest) const;
  std::string describe_saved() const;

  std::filesystem::path folder_;
  int64_t keep_;
  Origin origin_;
  Unsaved unsaved_;
  std::string failure_;  // the last failure to save
  std::optional<KnownFolder> known_;
  int64_t newest_ = -1;  // the newest step that this object has saved
};

}  // namespace hpcai::checkpoint
