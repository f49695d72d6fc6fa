#pragma once

#include <cstdint>
#include <deque>
#include <mutex>

#include "hpcai/core/threads/team.h"

// OpenMP's constructs on top of the team. openmp_abi.cpp exports them under the names that GCC's compiled code calls.
namespace hpcai::openmp {

// The iterations of one loop, or the sections of one construct. The threads of a region take them from it.
class Share {
 public:
  Share(int64_t begin, int64_t end, int64_t step, int64_t chunk) : next_(begin), end_(end), step_(step), chunk_(chunk) {}

  // Sets the next iterations [begin, end) and their number; false if none is left.
  bool take(int64_t& begin, int64_t& end, int64_t& number);
  // For ordered loops. wait_for_turn() returns when it is the turn of piece `number`; end_turn() ends that turn.
  void wait_for_turn(int64_t number);
  void end_turn(int64_t number);

 private:
  std::mutex mutex_;
  int64_t next_;
  const int64_t end_, step_, chunk_;
  int64_t pieces_ = 0;  // number of pieces taken so far
  std::atomic<int64_t> turn_{0};
  team::Sleepers waiting_;
};

// One parallel region.
class Region {
 public:
  using Work = void (*)(void* data);
  Region(Work work, void* data, int count) : work_(work), data_(data), count_(count) {}

  int count() const { return count_; }
  // Performs the work of one thread of the region.
  void enter(int number);
  // Returns when all threads of the region have called it.
  void barrier();
  // Whether the caller is the first thread that arrives at its `number`-th single construct.
  bool first_at_single(int64_t number);
  // Returns the share of the `number`-th construct that has one. The first thread that arrives makes it.
  Share& share(int64_t number, int64_t begin, int64_t end, int64_t step, int64_t chunk);

 private:
  const Work work_;
  void* const data_;
  const int count_;
  std::atomic<int> arrived_{0};
  std::atomic<int64_t> barriers_{0}, singles_{0};
  team::Sleepers waiting_;
  std::mutex mutex_;
  std::deque<Share> shares_;
};

// The state of the calling thread in its region.
struct Member {
  Region* region = nullptr;
  int number = 0;                   // of the thread
  int64_t singles = 0, shares = 0;  // number of constructs at which it has arrived
  Share* share = nullptr;           // of the latest loop or sections
  int64_t piece = -1;               // of the present ordered loop
};
// Returns the state of the calling thread.
Member& member();

// Begins a loop or sections in the calling thread, also outside of regions.
void begin_share(int64_t begin, int64_t end, int64_t step, int64_t chunk);
// Sets the next iterations [begin, end) of the calling thread; false if none is left.
bool next_piece(bool ordered, int64_t& begin, int64_t& end);

}  // namespace hpcai::openmp
