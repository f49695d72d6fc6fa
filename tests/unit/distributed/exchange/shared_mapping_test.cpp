#include "hpcai/distributed/exchange/shared_mapping.h"

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cstring>

namespace hpcai::distributed {

TEST_CASE("what one process writes into shared memory the others read, as long as one of them maps it") {
  auto first = SharedMapping::make(10'000);
  REQUIRE(first);
  const auto second = SharedMapping::join(first->invitation(), 10'000);
  REQUIRE(second);
  CHECK(second->populate(5'000, 5'000));
  CHECK(second->data()[9'999] == std::byte{0});
  std::memset(first->data(), 7, 10'000);
  CHECK(second->data()[9'999] == std::byte{7});
  const std::string invitation = first->invitation();
  first->close_invitation();
  CHECK_FALSE(SharedMapping::join(invitation, 10'000));
  first.reset();
  CHECK(second->data()[0] == std::byte{7});
}

TEST_CASE("memory beyond the limit on file sizes is refused, and the process lives") {
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit small = before;
  small.rlim_cur = 4096;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto refused = SharedMapping::make(8192);
  const auto made = SharedMapping::make(1024);
  setrlimit(RLIMIT_FSIZE, &before);
  CHECK_FALSE(refused);
  CHECK(made);
}

}  // namespace hpcai::distributed
