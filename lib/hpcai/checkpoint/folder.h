#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/checkpoint/state.h"
#include "hpcai/core/known_folder.h"

namespace hpcai::checkpoint {

// The folder checkpoints/ of a run:
//   step-00000123/{manifest.json, model.safetensors, optimizer.safetensors, state.json}   last -> step-...   best -> step-...
// write() writes the files into .tmp-step-00000123.<pid> and fsyncs each one. It writes their sizes and SHA-256 into
// manifest.json, which carries its own SHA-256, and fsyncs that too. It then renames the folder and fsyncs the parent. Each
// visible checkpoint is therefore whole at any moment. "The last" is the newest checkpoint that verifies. "The best" is the
// newest one whose manifest states that it was the best when it was saved. The links only show them to people. One thread at a
// time calls prepare() and write(); the other functions may be called from any thread.
class Folder {
 public:
  // Touches no file. `keep`: number of the newest checkpoints to keep (at least 1), besides the best one.
  Folder(std::filesystem::path path, int64_t keep, Origin origin);

  // Creates the folder and removes the remains of interrupted saves. From then on write() refuses a path that leads to another
  // folder or to none, because somebody has moved the folder. Throws Error{cannot_write}.
  void prepare();
  // Before the first write(): `file` will be made durable before each checkpoint, so that it is not older than the checkpoint
  // after a crash of the machine. A failure causes a warning.
  void sync_first(std::filesystem::path file) { synced_first_ = std::move(file); }

  // Writes a checkpoint, and makes it the best one if `best`. It replaces a checkpoint of the same step, which stays the best if
  // it was. It removes old checkpoints only after it has read the new one back and verified its hashes. A failure leaves nothing
  // visible. Throws Error{cannot_write}.
  void write(int64_t step, const TrainingState& state, bool best);

  // The newest step that write() has written.
  std::optional<int64_t> newest() const;
  std::vector<int64_t> steps() const;  // of the visible checkpoints, in rising order
  // Says of which step the last visible checkpoint is.
  std::string describe() const;
  const std::filesystem::path& path() const { return path_; }
  // Returns the folder of a step's checkpoint, whether it exists or not.
  std::filesystem::path path_of(int64_t step) const;

 private:
  void require_in_place() const;
  void sync_file_first() const;
  bool was_best(int64_t step) const;
  void point_links(int64_t step, bool best);
  void remove_old(int64_t newest) const;

  std::filesystem::path path_;
  int64_t keep_;
  Origin origin_;
  std::optional<KnownFolder> known_;
  std::filesystem::path synced_first_;  // empty: no file
  std::atomic<int64_t> newest_{-1};
};

}  // namespace hpcai::checkpoint
