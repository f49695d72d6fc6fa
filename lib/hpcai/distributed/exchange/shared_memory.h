#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hpcai/distributed/exchange/shared_mapping.h"

namespace hpcai::distributed {

// Memory that the ranks of one host share in order to gather short messages. A gather takes a few microseconds. Through a socket
// it takes most of a millisecond, because the kernel has to wake the receiver.
//
// The ranks gather in rounds. Each rank counts the rounds in which it has arrived, in a cache line of its own, and waits for the
// counts of all others. Each rank has two boxes. It writes its message of an even round into the first box and that of an odd
// round into the second. A rank reads the boxes of a round when all ranks have arrived in that round. A rank that writes round 2
// into its first box overwrites its message of round 0. That is safe: it has waited in round 1 for the arrival of all ranks, and
// every rank has read round 0 before it arrives in round 1. So one wait does for a gather.
class SharedMemory {
 public:
  // Rank 0 calls make() and sends invitation() to the other ranks, which call join(). `ranks`: number of ranks. A box holds one
  // message of one rank. Both functions return null if the host does not allow it; see SharedMapping.
  static std::unique_ptr<SharedMemory> make(int ranks, size_t box_bytes);
  static std::unique_ptr<SharedMemory> join(const std::string& invitation, int rank, int ranks, size_t box_bytes);
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  const std::string& invitation() const { return mapping_->invitation(); }
  // Closes the descriptor that join() opens. Rank 0 calls it when all ranks have joined.
  void close_invitation() { mapping_->close_invitation(); }

  // The longest message, in bytes.
  size_t box_bytes() const { return box_bytes_; }
  // Writes this rank's `message` and returns the messages of all ranks, in the order of the ranks. They stay valid until the next
  // call but one. `bytes` is the same on all ranks and at most box_bytes(). A rank polls for half a millisecond in
  // all before it sleeps. `own_core`: the rank keeps its core between polls, unless a rank that it waits for was on this core
  // when it last arrived; else it always yields it. Throws std::runtime_error after abandon().
  std::span<std::byte* const> gather(const void* message, size_t bytes, bool own_core);
  // Returns when all ranks have called it, and sees what they wrote before into any memory that they share. It is a round without
  // messages. Throws as gather().
  void meet(bool own_core);
  // Makes gather() and meet() of this rank throw. Another thread calls it.
  void abandon();

 private:
  using Clock = std::chrono::steady_clock;
  struct Presence;

  SharedMemory(std::unique_ptr<SharedMapping> mapping, int rank, int ranks, size_t box_bytes);
  static size_t size(int ranks, size_t box_bytes);
  static std::unique_ptr<SharedMemory> in(std::unique_ptr<SharedMapping> mapping, int rank, int ranks, size_t box_bytes);
  Presence& presence(int rank) const;
  bool has_arrived(int rank) const;  // in round_
  bool keeps_core_from_another() const;
  bool poll(int rank, bool own_core, Clock::time_point end) const;
  void await(int rank, bool own_core, Clock::time_point end);

  std::unique_ptr<SharedMapping> mapping_;
  int rank_, ranks_;
  size_t box_bytes_;
  std::array<std::vector<std::byte*>, 2> boxes_;  // of all ranks, in even and in odd rounds
  uint32_t round_ = 0;                            // of the last call
  std::atomic<bool> abandoned_{false};
};

}  // namespace hpcai::distributed
