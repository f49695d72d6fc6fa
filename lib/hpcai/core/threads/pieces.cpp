#include "hpcai/core/threads/pieces.h"

namespace hpcai {

Pieces::Pieces(int64_t count, int parts) : parts_(parts), ranges_(new Range[parts]) {
  for (int i = 0; i < parts; ++i) {
    ranges_[i].next.store(i * count / parts, std::memory_order_relaxed);
    ranges_[i].end = (i + 1) * count / parts;
  }
}

int64_t Pieces::take(int part) {
  for (int i = 0; i < parts_; ++i) {
    Range& range = ranges_[(part + i) % parts_];
    if (range.next.load(std::memory_order_relaxed) >= range.end) continue;
    if (failed_.load(std::memory_order_relaxed)) return -1;
    const int64_t piece = range.next.fetch_add(1, std::memory_order_relaxed);
    if (piece < range.end) return piece;
  }
  return -1;
}

void Pieces::fail(std::exception_ptr failure) {
  if (!failed_.exchange(true)) failure_ = std::move(failure);
}

void Pieces::rethrow() const {
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace hpcai
