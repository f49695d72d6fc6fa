#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hpcai::distributed {

// Memory that the ranks of one host share, through which they gather short messages: that takes some microseconds, where a
// socket takes most of a millisecond because the system has to wake the receiver. The memory has no name in the file system, so
// nothing is left behind.
//
// Gathering goes in rounds. Each rank has two boxes in the memory and writes its message of round 0 into the first, of round 1
// into the second, of round 2 into the first again, and so on. A rank reads the others' boxes of a round once all ranks have
// come to that round. So when a rank writes its first box again in round 2, all ranks have read what it held in round 0: they
// did so before they came to round 1, and this rank has waited in round 1 until all had come.
class SharedMemory {
 public:
  // Rank 0 makes the memory, and sends its invitation() to the other ranks, which join. A box holds one message of one rank.
  // Both functions return null where the host does not allow it: no memory, or /proc not mounted or not shared, as between
  // containers.
  static std::unique_ptr<SharedMemory> make(int ranks, size_t box_bytes);
  static std::unique_ptr<SharedMemory> join(const std::string& invitation, int rank, int ranks, size_t box_bytes);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  const std::string& invitation() const { return invitation_; }
  // Ends the joining. Rank 0 calls it when all have joined.
  void close_invitation();

  // Writes this rank's `message` and returns the messages of all ranks, in their order. They stay valid until the second next
  // call. `bytes` is the same on all ranks and at most box_bytes. A rank looks for the others for half a millisecond before it
  // sleeps. `own_core`: it may keep its core busy with that; else it lets other processes run meanwhile.
  // Throws std::runtime_error after abandon().
  std::vector<const std::byte*> gather(const void* message, size_t bytes, bool own_core);
  // Ends gather(), from another thread.
  void abandon();

 private:
  struct Header;

  SharedMemory(int rank, int ranks, size_t box_bytes) : rank_(rank), ranks_(ranks), box_bytes_(box_bytes) {}
  size_t size() const;
  Header& header() const;
  bool map(int file);
  std::byte* box(int rank) const;  // of this round
  bool look_for_round_after(uint32_t round, bool own_core) const;
  void await_round_after(uint32_t round, bool own_core);

  int rank_, ranks_;
  size_t box_bytes_;
  std::byte* memory_ = nullptr;
  int file_ = -1;
  std::string invitation_;
  uint32_t round_ = 0;
  std::atomic<bool> abandoned_{false};
};

}  // namespace hpcai::distributed
