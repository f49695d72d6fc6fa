#include "hpcai/core/utc_time.h"

#include <catch2/catch.hpp>

TEST_CASE("a time is told in UTC") {
  CHECK(hpcai::utc_text(0) == "1970-01-01T00:00:00Z");
  CHECK(hpcai::utc_text(1769903999) == "2026-01-31T23:59:59Z");
}
