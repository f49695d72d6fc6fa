#include "hpcai/core/attempts.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <vector>

using namespace hpcai;

namespace {

// The result and the number of calls of an attempt that fails so, one call after the other, and then works.
std::pair<int, size_t> outcome(const std::vector<int>& errors) {
  size_t calls = 0;
  const int result = attempt([&] { return calls < errors.size() ? errors[calls++] : (++calls, 0); });
  return {result, calls};
}

}  // namespace

TEST_CASE("failures that may pass are tried again, others at once given back") {
  CHECK(outcome({}) == std::pair(0, size_t{1}));
  CHECK(outcome({EIO}) == std::pair(0, size_t{2}));
  CHECK(outcome({ENOSPC, ESTALE}) == std::pair(0, size_t{3}));
  CHECK(outcome({EACCES}) == std::pair(EACCES, size_t{1}));
  CHECK(outcome({EIO, EROFS}) == std::pair(EROFS, size_t{2}));
  CHECK(outcome({EIO, EIO, EIO, EDQUOT, EIO}) == std::pair(EDQUOT, size_t{4}));
}
