#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hpcai/distributed/exchange/shared_mapping.h"

namespace hpcai::distributed {

// Memory that the ranks of one host share in order to gather short messages. A gather takes some microseconds. Through a socket
// it takes most of a millisecond, because the kernel has to wake the receiver.
//
// The ranks gather in rounds. Each rank has two boxes. It writes its message of an even round into the first box and that of an
// odd round into the second. A rank reads the boxes of a round when all ranks have arrived in that round. A rank that writes
// round 2 into its first box overwrites its message of round 0. That is safe: it has waited in round 1 for the arrival of all
// ranks, and every rank has read round 0 before it arrives in round 1.
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

  // Writes this rank's `message` and returns the messages of all ranks, in the order of the ranks. They stay valid until the next
  // call but one. `bytes` is the same on all ranks and at most box_bytes. A rank polls for half a millisecond before it sleeps.
  // `own_core`: the rank polls without pause; else it yields its core to other processes between polls. Throws std::runtime_error
  // after abandon().
  std::vector<const std::byte*> gather(const void* message, size_t bytes, bool own_core);
  // Returns when all ranks have called it, and sees what they wrote before into any memory that they share. It is a round without
  // messages. Throws as gather().
  void meet(bool own_core);
  // Makes gather() and meet() of this rank throw. Another thread calls it.
  void abandon();

 private:
  struct Header;

  SharedMemory(std::unique_ptr<SharedMapping> mapping, int rank, int ranks, size_t box_bytes);
  static size_t size(int ranks, size_t box_bytes);
  static std::unique_ptr<SharedMemory> in(std::unique_ptr<SharedMapping> mapping, int rank, int ranks, size_t box_bytes);
  Header& header() const;
  std::byte* box(int rank) const;  // of the present round
  bool look_for_round_after(uint32_t round, bool own_core) const;
  void await_round_after(uint32_t round, bool own_core);

  std::unique_ptr<SharedMapping> mapping_;
  int rank_, ranks_;
  size_t box_bytes_;
  uint32_t round_ = 0;
  std::atomic<bool> abandoned_{false};
};

}  // namespace hpcai::distributed
