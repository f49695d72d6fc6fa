#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "hpcai/checkpoint/folder.h"
#include "hpcai/checkpoint/load.h"
#include "hpcai/checkpoint/state.h"
#include "hpcai/checkpoint/unsaved.h"
#include "hpcai/core/error.h"

namespace hpcai::checkpoint {

// Saves the states of a training in the folder checkpoints/ of its run (folder.h). save() copies a state in memory, and a thread
// writes the copy while training goes on. The thread writes one state at a time, the oldest first, and at the end of training the
// newest first. A state that waits is replaced by a newer one, so at most three states are in memory: the one that is being
// written, the newest, and the best. If a state cannot be written, the thread tries again at growing intervals.
//
// Rank 0 calls these functions, on one thread; failed(), trouble() and last_saved() may be called from any thread. The other
// ranks may call load_newest(), which only reads.
class Checkpoints {
 public:
  // Touches no file. `keep`: see Folder. `max_unsaved_s`: for so many seconds states may stay in memory after a failure to write.
  Checkpoints(std::filesystem::path folder, int64_t keep, Origin origin = {}, double max_unsaved_s = 0);
  // Does what settle() does.
  ~Checkpoints() { settle(); }
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;

  // Call these once, before the first save; see Folder. While the folder is away, saving fails as on a full disk.
  void prepare() { folder_.prepare(); }
  void sync_first(std::filesystem::path file) { folder_.sync_first(std::move(file)); }

  // Saves the state as the newest checkpoint, and as the best one if `best`, and returns before it is written. If there is too
  // little memory for a copy, or no thread to write it, save() writes the state itself and throws Error{cannot_write} if it
  // cannot. Throws Error{diverged} that names the first tensor that is not finite; std::invalid_argument for a number that is not
  // finite in state.state; after failed() the reason, for example Error{cannot_write}, also if one write takes longer than
  // max_unsaved_s.
  void save(int64_t step, const TrainingState& state, bool best = false);
  // Whether saving has failed for good: states are unsaved for longer than max_unsaved_s, or an attempt is useless. Training
  // should then stop; save() and finish() throw. It is cheap: call it after each step.
  bool failed() const;

  // The failure because of which states are unsaved; nothing if writing works.
  struct Trouble {
    double seconds = 0;  // since the first failure
    std::string reason;
  };
  std::optional<Trouble> trouble() const;
  // The newest step that this object has saved.
  std::optional<int64_t> last_saved() const { return folder_.newest(); }

  // Waits until the thread has written all states or failed to write one, and ends the thread. The next save() starts it again.
  // Ends the process with ExitCode::cannot_write if one write takes longer than max_unsaved_s, because the disk does not answer.
  void settle();
  // Calls settle(), then tries for at most 30 s more. Call it at the end of training. Throws after failed() the reason;
  // Error{cannot_write} if a state is still unsaved.
  void finish();

  // Calls settle() and returns the newest checkpoint whose hashes verify; nothing if there is no checkpoint. Throws
  // Error{cannot_resume} with every reason if none of the checkpoints verifies.
  std::optional<Loaded> load_newest();

  std::vector<int64_t> steps() const { return folder_.steps(); }  // of the visible checkpoints, in rising order
  // Returns the folder of a step's checkpoint, whether it exists or not.
  std::filesystem::path path_of(int64_t step) const { return folder_.path_of(step); }

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Attempt {
    int64_t step = 0;
    Unsaved::Clock::time_point since{};
  };

  void hand_over(int64_t step, const TrainingState& state, bool best);
  Unsaved::Kept take_memory(bool newer_is_best);
  void run();
  bool try_to_write(Lock& lock, const Unsaved::Kept& state);
  void note_success(const Unsaved::Kept& state);
  void note_failure(int64_t step, const std::exception_ptr& failure, const std::string& on_disk);
  std::optional<Trouble> standstill() const;
  void throw_failure() const;
  [[noreturn]] void fail_as_diverged(int64_t step, const std::string& tensor);

  Folder folder_;
  mutable std::mutex mutex_;  // protects the members up to end_
  std::condition_variable changed_;
  Unsaved unsaved_;
  Unsaved::Kept spare_;             // a written state, whose memory the next copy takes
  std::optional<Attempt> attempt_;  // the present attempt to write
  std::string reason_;              // of the last failure to write
  std::exception_ptr failure_;      // why saving has failed for good
  bool told_of_lag_ = false;
  bool runs_ = false;   // whether the thread runs
  bool end_ = false;    // the thread ends when nothing is left to try
  std::thread thread_;  // only the caller of save() uses it
};

}  // namespace hpcai::checkpoint
