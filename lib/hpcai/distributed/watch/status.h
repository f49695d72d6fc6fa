#pragma once

#include <atomic>
#include <cstdint>

namespace hpcai::distributed {

// What a rank is doing, in words for a message.
enum class Phase : uint8_t { start, connect, input, compute, exchange, update, evaluate, save };
const char* name_of(Phase phase);

// What a rank is doing and how far it has come. The rank's main thread writes it, at the price of a few stores; the rank's
// watchdog reads it and sends it to rank 0. A rank whose `progress` does not grow stands still.
class Status {
 public:
  struct Snapshot {
    Phase phase = Phase::start;
    int64_t step = 0;        // 0 before the first
    uint64_t exchanges = 0;  // that this rank has begun
    uint64_t progress = 0;   // grows with everything that it does
    bool warm = false;       // the first step, which may compile and tune, is behind it

    // For the other ranks.
    bool waits() const { return phase == Phase::exchange || phase == Phase::connect; }
    // Where work of unknown length is normal: opening data, the first step, writing a checkpoint.
    bool may_take_long() const { return !waits() && (!warm || phase == Phase::save || phase == Phase::start); }
  };

  // Between the phases of a step, and between steps, a rank counts as updating.
  void begin_step(int64_t step) {
    phase_ = Phase::update;
    warm_ = started_.load();
    started_ = true;
    step_ = step;
    ++progress_;
  }
  void begin_exchange() {
    ++exchanges_;
    ++progress_;
  }
  // A part of the work of a phase is done.
  void advance() { ++progress_; }
  Phase enter(Phase phase) {
    ++progress_;
    return phase_.exchange(phase);
  }
  Snapshot snapshot() const { return {phase_, step_, exchanges_, progress_, warm_}; }

 private:
  std::atomic<Phase> phase_{Phase::start};
  std::atomic<int64_t> step_{0};
  std::atomic<uint64_t> exchanges_{0}, progress_{0};
  std::atomic<bool> started_{false}, warm_{false};
};

// A rank is in `phase` while this lives, then again in the one before.
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
