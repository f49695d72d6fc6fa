#include "hpcai/core/threads/openmp_region.h"

#include <algorithm>
#include <climits>
#include <optional>

namespace hpcai::openmp {

bool Share::take(int64_t& begin, int64_t& end, int64_t& number) {
  std::lock_guard lock(mutex_);
  const bool upwards = step_ > 0;
  if (upwards ? next_ >= end_ : next_ <= end_) return false;
  const int64_t stop = next_ + step_ * chunk_;
  begin = next_;
  next_ = end = upwards ? std::min(stop, end_) : std::max(stop, end_);
  number = pieces_++;
  return true;
}

void Share::wait_for_turn(int64_t number) {
  waiting_.wait([&] { return turn_.load() >= number; }, team::spins());
}

void Share::end_turn(int64_t number) {
  wait_for_turn(number);
  turn_ = number + 1;
  waiting_.wake(INT_MAX);
}

void Region::enter(int number) {
  const Member outer = member();
  member() = {.region = this, .number = number};
  work_(data_);
  member() = outer;
}

void Region::barrier() {
  if (count_ == 1) return;
  const int64_t before = barriers_.load();
  if (arrived_.fetch_add(1) == count_ - 1) {
    arrived_ = 0;
    barriers_ = before + 1;
    waiting_.wake(INT_MAX);
  } else {
    waiting_.wait([&] { return barriers_.load() != before; }, team::spins());
  }
}

bool Region::first_at_single(int64_t number) {
  int64_t expected = number;
  return singles_.compare_exchange_strong(expected, number + 1);
}

Share& Region::share(int64_t number, int64_t begin, int64_t end, int64_t step, int64_t chunk) {
  std::lock_guard lock(mutex_);
  if (number == static_cast<int64_t>(shares_.size())) shares_.emplace_back(begin, end, step, chunk);
  return shares_[number];
}

Member& member() {
  thread_local Member member;
  return member;
}

void begin_share(int64_t begin, int64_t end, int64_t step, int64_t chunk) {
  thread_local std::optional<Share> lone;
  Member& me = member();
  me.share = me.region ? &me.region->share(me.shares++, begin, end, step, chunk) : &lone.emplace(begin, end, step, chunk);
  me.piece = -1;
}

bool next_piece(bool ordered, int64_t& begin, int64_t& end) {
  Member& me = member();
  if (ordered && me.piece >= 0) me.share->end_turn(me.piece);
  const bool more = me.share->take(begin, end, me.piece);
  if (!more) me.piece = -1;
  return more;
}

}  // namespace hpcai::openmp
