#pragma once

#include <atomic>
#include <cstdint>

#include "hpcai/core/work_done.h"

namespace hpcai::distributed {

// The activity of a rank, as messages name it.
enum class Phase : uint8_t { start, connect, input, compute, exchange, update, evaluate, save };
const char* name_of(Phase phase);

// The activity of a rank and its progress. The rank's main thread writes it with a few atomic stores. The rank's watchdog thread
// reads it and sends it to rank 0. All functions may be called from any thread.
class Status {
 public:
  struct Snapshot {
    Phase phase = Phase::start;
    int64_t step = 0;        // 0 before the first step
    uint64_t exchanges = 0;  // number of exchanges that this rank has begun
    uint64_t progress = 0;   // counter of all completed actions; it is constant while the rank stands still
    bool warm = false;       // the first step, which may compile and tune, is complete

    // Whether the rank waits for other ranks.
    bool waits() const { return phase == Phase::exchange || phase == Phase::connect; }
    // Whether the rank works on a step, whose parts take a similar time in each step.
    bool in_step() const { return step > 0 && !waits() && phase != Phase::start && phase != Phase::save; }
    // Whether work of unknown length is normal: opening data, the first step, writing a checkpoint.
    bool may_take_long() const { return !waits() && (!warm || phase == Phase::save || phase == Phase::start); }
  };

  // Begins a step. Its phase is `update` until the main thread enters another phase.
  void begin_step(int64_t step) {
    phase_ = Phase::update;
    warm_ = started_.load();
    started_ = true;
    step_ = step;
    ++progress_;
  }
  // Counts an exchange of all ranks of the run.
  void begin_exchange() {
    ++exchanges_;
    ++progress_;
  }
  // Counts a completed part of the work of the present phase.
  void advance() { ++progress_; }
  // Enters `phase` and returns the phase before it.
  Phase enter(Phase phase) {
    ++progress_;
    return phase_.exchange(phase);
  }
  Snapshot snapshot() const { return {phase_, step_, exchanges_, progress_ + work_done, warm_}; }

 private:
  std::atomic<Phase> phase_{Phase::start};
  std::atomic<int64_t> step_{0};
  std::atomic<uint64_t> exchanges_{0}, progress_{0};
  std::atomic<bool> started_{false}, warm_{false};
};

// Sets the phase for its lifetime; the destructor restores the phase before it.
class InPhase {
 public:
  InPhase(Status& status, Phase phase) : status_(status), before_(status.enter(phase)) {}
  ~InPhase() { status_.enter(before_); }
  InPhase(const InPhase&) = delete;
  InPhase& operator=(const InPhase&) = delete;

 private:
  Status& status_;
  Phase before_;
};

}  // namespace hpcai::distributed
