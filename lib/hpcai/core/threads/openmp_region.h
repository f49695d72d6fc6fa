#pragma once

#include <cstdint>
#include <deque>
#include <mutex>

#include "hpcai/core/threads/team.h"

// OpenMP's constructs on top of the team; openmp_abi.cpp gives them the names that GCC's compiled code calls.
namespace hpcai::openmp {

// The iterations of one loop, or the sections of one construct, which the threads of a region take from one another.
class Share {
 public:
  Share(int64_t begin, int64_t end, int64_t step, int64_t chunk) : next_(begin), end_(end), step_(step), chunk_(chunk) {}

  // The next iterations [begin, end) and their number; false when none are left.
  bool take(int64_t& begin, int64_t& end, int64_t& number);
  // For ordered loops: returns when the turn of piece `number` has come; ends it.
  void wait_for_turn(int64_t number);
  void end_turn(int64_t number);

 private:
  std::mutex mutex_;
  int64_t next_;
  const int64_t end_, step_, chunk_;
  int64_t pieces_ = 0;  // taken so far
  std::atomic<int64_t> turn_{0};
  team::Sleepers waiting_;
};

// One parallel region.
class Region {
 public:
  using Work = void (*)(void* data);
  Region(Work work, void* data, int count) : work_(work), data_(data), count_(count) {}

  int count() const { return count_; }
  // Does the work of one thread of the region.
  void enter(int number);
  // Returns when all threads of the region have called it.
  void barrier();
  // Whether the caller is the first thread at its `number`-th single construct.
  bool first_at_single(int64_t number);
  // The share of the `number`-th construct that has one. The first thread that comes makes it.
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

// What the calling thread does in the region that it works in.
struct Member {
  Region* region = nullptr;
  int number = 0;                   // of the thread
  int64_t singles = 0, shares = 0;  // constructs that it has come to
  Share* share = nullptr;           // of the latest loop or sections
  int64_t piece = -1;               // of the ordered loop that it is in
};
Member& member();

// Begins a loop or sections in the calling thread; also right outside of regions.
void begin_share(int64_t begin, int64_t end, int64_t step, int64_t chunk);
// The next iterations [begin, end) for the calling thread; false when none are left.
bool next_piece(bool ordered, int64_t& begin, int64_t& end);

}  // namespace hpcai::openmp
