#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hpcai::distributed {

// Memory that the ranks of one host share, through which they gather small messages: some microseconds where a socket takes
// most of a millisecond, because nobody has to be woken. Nothing of it has a name, so nothing is left behind.
//
// Each rank has two boxes, used in turn. A box is written again in the round after next, which begins for a rank only once
// all others have read it: they have come to the round in between.
class SharedMemory {
 public:
  // Rank 0 makes the memory and tells invitation() to the others, who join. Both return null where the host does not allow
  // it (no memory, /proc not mounted or not shared, as between containers).
  static std::unique_ptr<SharedMemory> make(int ranks, size_t box_bytes);
  static std::unique_ptr<SharedMemory> join(const std::string& invitation, int rank, int ranks, size_t box_bytes);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  const std::string& invitation() const { return invitation_; }
  void close_invitation();  // once all have joined

  // Of all ranks, in their order: valid until the second next call. `bytes` is the same on all ranks and at most box_bytes.
  // A rank looks for the others half a millisecond before it sleeps; without a core of its own it lets them run meanwhile.
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
