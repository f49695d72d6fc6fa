#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>

#include "hpcai/core/threads/openmp.h"

namespace hpcai {

// Distributes the pieces [0, count) over parts. A part first takes the pieces of its own range, in order, and then pieces of the
// other ranges. A piece thus mostly runs on the same thread as in the call before, and no thread waits while pieces are left. The
// functions may be called from any thread.
class Pieces {
 public:
  // `parts`: number of parts, at least 1.
  Pieces(int64_t count, int parts);

  // Returns the next piece for a part; -1 if none is left.
  int64_t take(int part);
  // Keeps the first exception and skips the remaining pieces.
  void fail(std::exception_ptr failure);
  // Throws the kept exception, if there is one.
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

// Calls work(i) for i in [0, count) on the compute threads (openmp.h), including the calling thread. The first exception stops
// the remaining calls and is rethrown here. The result must not depend on which thread computes a piece. A piece should take 20
// microseconds or more.
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
