#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>

#include "hpcai/core/threads/openmp.h"

namespace hpcai {

// Deals the pieces [0, count) to parts: each first takes those of its own range, in order, then what the others have left.
// So a piece mostly meets the thread that had it last time, and no thread waits while there are pieces.
class Pieces {
 public:
  Pieces(int64_t count, int parts);

  // The next piece for a part; -1 when none are left.
  int64_t take(int part);
  // Keeps the first exception and leaves the rest of the pieces undone.
  void fail(std::exception_ptr failure);
  void rethrow() const;

 private:
  struct alignas(64) Range {
    std::atomic<int64_t> next;
    int64_t end;
  };

  const int parts_;
  std::unique_ptr<Range[]> ranges_;
  std::atomic<bool> failed_{false};
  std::exception_ptr failure_;
};

// Calls work(i) for i in [0, count) on the compute threads (openmp.h), the calling one among them. The first exception stops the
// rest and is thrown here. What is computed must not depend on which thread does a piece. Pieces of 20 microseconds or
// more are worth handing out.
template <class Work>
void for_pieces(int64_t count, const Work& work) {
  const int parts = static_cast<int>(std::min<int64_t>(count, compute_threads()));
  if (parts <= 1) {
    for (int64_t i = 0; i < count; ++i) work(i);
    return;
  }
  struct Shared {
    Pieces pieces;
    const Work& work;
  } shared{{count, parts}, work};
  run_parts(
      parts,
      [](void* data, int part) {
    auto& [pieces, work] = *static_cast<Shared*>(data);
    try {
      for (int64_t i; (i = pieces.take(part)) >= 0;) work(i);
    } catch (...) {
      pieces.fail(std::current_exception());
    }
      },
      &shared);
  shared.pieces.rethrow();
}

}  // namespace hpcai
