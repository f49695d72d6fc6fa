#include "hpcai/core/memory.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "hpcai/core/process.h"

using namespace hpcai;

namespace {

// What a program that this process becomes would find in GLIBC_TUNABLES, which is `given` now; null: not set.
std::string tunables_after(const char* given) {
  const Environment before = process_environment();
  given == nullptr ? unsetenv("GLIBC_TUNABLES") : setenv("GLIBC_TUNABLES", given, 1);
  ask_for_large_pages();
  const std::string found = std::getenv("GLIBC_TUNABLES");
  const auto own = before.find("GLIBC_TUNABLES");
  own == before.end() ? unsetenv("GLIBC_TUNABLES") : setenv("GLIBC_TUNABLES", own->second.c_str(), 1);
  return found;
}

}  // namespace

TEST_CASE("large pages are asked for unless the user has chosen, and other settings of the C library stay") {
  CHECK(tunables_after(nullptr) == "glibc.malloc.hugetlb=1");
  CHECK(tunables_after("") == "glibc.malloc.hugetlb=1");
  CHECK(tunables_after("glibc.malloc.check=1") == "glibc.malloc.check=1:glibc.malloc.hugetlb=1");
  CHECK(tunables_after("glibc.malloc.hugetlb=0") == "glibc.malloc.hugetlb=0");
}
