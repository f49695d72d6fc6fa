#include "hpcai/core/open_files.h"

#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>

using namespace hpcai;

namespace {

// Sets the soft limit for the duration of a test.
class SoftLimit {
 public:
  explicit SoftLimit(rlim_t soft) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit limit{std::min(soft, before_.rlim_max), before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~SoftLimit() { setrlimit(RLIMIT_NOFILE, &before_); }
  rlim_t hard() const { return before_.rlim_max; }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("the soft limit of open files is raised to the hard one, but not to a billion, and never lowered") {
  const SoftLimit limit(256);
  CHECK(raise_open_file_limit() == std::min<rlim_t>(limit.hard(), 65536));
  const SoftLimit large(100'000);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  CHECK(raise_open_file_limit() >= before.rlim_cur);
}

TEST_CASE("too few open files are told with the limit and the way to raise it") {
  const SoftLimit limit(64);
  CHECK_NOTHROW(require_open_files(8, "cannot talk to 8 ranks"));
  try {
    require_open_files(80, "cannot talk to 80 ranks");
    FAIL("80 files were opened under a limit of 64");
  } catch (const LocalError& error) {
    CHECK(std::string(error.what()) == "cannot talk to 80 ranks: the limit of open files is reached (ulimit -n is 64)");
    CHECK_THAT(error.remedy(), Catch::Contains("ulimit -n"));
  }
  CHECK_NOTHROW(require_open_files(8, "all of them were closed again"));
  CHECK_THAT(open_file_limit("cannot read x", ENFILE).what(), Catch::Contains("the system's limit"));
}
