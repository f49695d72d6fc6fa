#include "hpcai/checkpoint/checkpoints.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "hpcai/checkpoint/finite.h"
#include "hpcai/checkpoint/snapshot.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/threads/start.h"

namespace hpcai::checkpoint {
namespace {

using Clock = Unsaved::Clock;

constexpr double kLastPatience_s = 30;  // time for the last attempts at the end of training
constexpr double kLongestLastPause_s = 5;
constexpr std::chrono::milliseconds kGlance{100};  // between two looks at a write that may stand still
constexpr const char* kStandstillRemedy = "Look at the disk or the network to it, then go on with --resume auto.";
constexpr int kNiceness = 10;  // of the thread that writes

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

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

// The thread waits in a system call that does not return, so no other way leads out of the process.
[[noreturn]] void end_process(const Checkpoints::Trouble& trouble) {
  log::error("{}", trouble.reason);
  log::error("{}", kStandstillRemedy);
  _exit(static_cast<int>(ExitCode::cannot_write));
}

}  // namespace

Checkpoints::Checkpoints(std::filesystem::path folder, int64_t keep, Origin origin, double max_unsaved_s)
    : folder_(std::move(folder), keep, std::move(origin)), unsaved_(max_unsaved_s) {}

void Checkpoints::save(int64_t step, const TrainingState& state, bool best) {
  refuse_not_finite(state.state);
  if (const auto name = first_tensor_not_finite(state)) fail_as_diverged(step, *name);
  throw_failure();
  try {
    hand_over(step, state, best);
  } catch (const std::exception&) {  // too little memory for a copy, or no thread
    log::warning("too little memory or too few threads to save in the background: training waits until step {} is written", step);
    settle();
    folder_.write(step, state, best);
    const std::lock_guard lock(mutex_);
    unsaved_.saved(nullptr);  // writing works
  }
}

// Copies the state for the thread. Starts the thread if it does not run.
void Checkpoints::hand_over(int64_t step, const TrainingState& state, bool best) {
  Unsaved::Kept copy = take_memory(best);
  if (!copy) copy = std::make_shared<Unsaved::State>();
  take_snapshot(state, copy->state);
  copy->step = step;
  copy->best = best;
  if (!thread_.joinable()) {
    runs_ = true;
    thread_ = start_thread("that writes checkpoints", [this] { run(); });
  }
  {
    const std::lock_guard lock(mutex_);
    unsaved_.keep(std::move(copy));
  }
  changed_.notify_all();
}

// Removes the waiting states that the newer one replaces. Returns the memory of an earlier copy, or null.
Unsaved::Kept Checkpoints::take_memory(bool newer_is_best) {
  const std::lock_guard lock(mutex_);
  Unsaved::Kept removed = unsaved_.supersede(newer_is_best);
  if (removed && attempt_ && !std::exchange(told_of_lag_, true)) {
    log::warning("step {} is not saved, because step {} is still being written: checkpoints are due faster than the disk writes",
                 removed->step, attempt_->step);
  }
  return removed ? removed : std::exchange(spare_, nullptr);
}

void Checkpoints::run() {
  setpriority(PRIO_PROCESS, 0, kNiceness);  // of this thread alone
  Lock lock(mutex_);
  while (true) {
    const bool waits = !unsaved_.empty() && !failure_;
    if (end_) {
      // The newest comes first, because the time may be short.
      if (!waits || !try_to_write(lock, unsaved_.states().back())) break;
    } else if (waits && !unsaved_.rests(Clock::now())) {
      try_to_write(lock, unsaved_.states().front());
    } else if (waits) {
      changed_.wait_until(lock, unsaved_.next_try());
    } else {
      changed_.wait(lock);
    }
  }
  runs_ = false;
  changed_.notify_all();
}

// Writes a state without the lock, and notes how that went. Returns whether the state is written.
bool Checkpoints::try_to_write(Lock& lock, const Unsaved::Kept& kept) {
  const Unsaved::Kept state = kept;  // the list of states may change meanwhile
  attempt_ = {state->step, Clock::now()};
  lock.unlock();
  std::exception_ptr failure;
  std::string on_disk;
  try {
    folder_.write(state->step, state->state, state->best);
  } catch (...) {
    failure = std::current_exception();
    on_disk = folder_.describe();
  }
  lock.lock();
  attempt_.reset();
  failure ? note_failure(state->step, failure, on_disk) : note_success(state);
  return !failure;
}

void Checkpoints::note_success(const Unsaved::Kept& state) {
  if (unsaved_.failures() > 0) {
    log::info("step {} is saved: writing works again after {:.3g} s", state->step, unsaved_.waiting_s());
  }
  unsaved_.saved(state);
  spare_ = state;
}

// Another attempt follows, or saving has failed for good.
void Checkpoints::note_failure(int64_t step, const std::exception_ptr& failure, const std::string& on_disk) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    reason_ = error.what();
    if (error.code() != ExitCode::cannot_write || !unsaved_.patient()) {
      failure_ = failure;
      return;
    }
    const auto now = Clock::now();
    unsaved_.failed(now);
    const double waiting_s = unsaved_.waiting_s(now);
    if (unsaved_.overdue(now)) {
      const auto text = fmt::format("{}; nothing could be saved for {:.0f} s, longer than checkpoint.max_unsaved_s; {}", reason_,
                                    waiting_s, on_disk);
      failure_ = std::make_exception_ptr(Error(error.code(), text, error.remedy()));
    } else if (unsaved_.failures() == 1) {
      log::warning(
          "cannot save step {}: {}. Training goes on, the state waits in memory, and the next attempt is in {:.3g} s; {}", step,
          reason_, unsaved_.pause_s(), on_disk);
    } else {
      log::warning("step {} is still not saved after {:.0f} s: {}", step, waiting_s, reason_);
    }
  } catch (const std::exception& error) {
    reason_ = error.what();
    failure_ = failure;
  }
}

// The present attempt if it takes longer than max_unsaved_s, for example because a network disk does not answer. The caller
// holds the mutex.
std::optional<Checkpoints::Trouble> Checkpoints::standstill() const {
  if (!attempt_ || !unsaved_.patient()) return std::nullopt;
  const double seconds = seconds_since(attempt_->since);
  if (seconds <= unsaved_.longest_s()) return std::nullopt;
  return Trouble{seconds, fmt::format("step {} is being written for {:.0f} s, longer than checkpoint.max_unsaved_s",
                                      attempt_->step, seconds)};
}

bool Checkpoints::failed() const {
  const std::lock_guard lock(mutex_);
  return failure_ != nullptr;
}

std::optional<Checkpoints::Trouble> Checkpoints::trouble() const {
  const std::lock_guard lock(mutex_);
  if (failure_ || unsaved_.failures() > 0) return Trouble{unsaved_.waiting_s(), reason_};
  return standstill();
}

void Checkpoints::throw_failure() const {
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
  if (const auto trouble = standstill()) throw Error(ExitCode::cannot_write, trouble->reason, kStandstillRemedy);
}

void Checkpoints::settle() {
  if (thread_.joinable()) {
    Lock lock(mutex_);
    end_ = true;
    changed_.notify_all();
    while (runs_) {
      changed_.wait_for(lock, kGlance);
      if (const auto trouble = standstill()) end_process(*trouble);
    }
    lock.unlock();
    thread_.join();
  }
  end_ = false;
  spare_.reset();
}

void Checkpoints::finish() {
  settle();
  throw_failure();
  const double patience_s = std::min(kLastPatience_s, unsaved_.longest_s());
  Lock lock(mutex_);
  for (const auto start = Clock::now(); !unsaved_.empty();) {
    if (try_to_write(lock, unsaved_.states().back())) continue;
    if (failure_ && !unsaved_.overdue(Clock::now())) std::rethrow_exception(failure_);
    const double left_s = patience_s - seconds_since(start);
    if (failure_ || left_s <= 0) {
      const int64_t step = unsaved_.states().back()->step;
      throw Error(ExitCode::cannot_write, fmt::format("step {} could not be saved: {}; {}", step, reason_, folder_.describe()),
                  "Make it possible to write there, then go on with --resume auto.");
    }
    const double pause_s = std::min({unsaved_.pause_s(), left_s, kLongestLastPause_s});
    changed_.wait_for(lock, std::chrono::duration<double>(pause_s));
  }
}

void Checkpoints::fail_as_diverged(int64_t step, const std::string& tensor) {
  settle();
  throw Error(
      ExitCode::diverged,
      fmt::format("the state after step {} is not finite and was not saved: '{}' is the first tensor with NaN or infinity; "
                  "{}",
                  step, tensor, folder_.describe()),
      "Start a new run with a lower optimizer.lr, a longer warm-up, or training.clip_norm.");
}

std::optional<Loaded> Checkpoints::load_newest() {
  settle();
  return checkpoint::load_newest(folder_.path());
}

}  // namespace hpcai::checkpoint
