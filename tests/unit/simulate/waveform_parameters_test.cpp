#include <catch2/catch.hpp>
#include <cstdlib>

#include "hpcai/core/error.h"
#include "hpcai/simulate/waveform_parameters.h"

using namespace hpcai;
using namespace hpcai::simulate;

namespace {

template <typename Work>
Error error_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  FAIL("no error");
  std::abort();
}

void check_refused(const std::string& range, const std::string& reason) {
  CAPTURE(range);
  const Error error = error_of([&] { ParameterRange::parse("data.q", range); });
  CHECK(error.code() == ExitCode::usage);
  CHECK_THAT(error.what(), Catch::Contains("data.q") && Catch::Contains(reason));
}

}  // namespace

TEST_CASE("the published ranges have the published sizes") {
  const ParameterRange q = ParameterRange::parse("q", "1:8:0.08"), s = ParameterRange::parse("s1", "-0.8:0.8:0.012");
  CHECK(q.size == 88);
  CHECK(q.value(87) == Approx(7.96));
  CHECK(s.size == 134);
  CHECK(s.value(133) == Approx(0.796));
  CHECK((ParameterGrid{q, s, s}.size()) == 1580128);
  const ParameterRange test_q = ParameterRange::parse("q", "1.04:8:0.16"),
                       test_s = ParameterRange::parse("s", "-0.794:0.8:0.024");
  CHECK((ParameterGrid{test_q, test_s, test_s}.size()) == 197516);
}

TEST_CASE("a stop that is met exactly is excluded in spite of rounding") {
  CHECK(ParameterRange::parse("q", "1:8:0.1").size == 70);
  CHECK(ParameterRange::parse("q", "0:0.3:0.1").size == 3);
  CHECK(ParameterRange::parse("q", "0.1:0.8:0.1").size == 7);
  CHECK(ParameterRange::parse("q", "-0.8:0.8:0.4").size == 4);
  CHECK(ParameterRange::parse("q", " 1 : 2 : 3 ").size == 1);
}

TEST_CASE("a single number is a range of one value") {
  const ParameterRange range = ParameterRange::parse("q", "-0.25");
  CHECK(range.size == 1);
  CHECK(range.value(0) == -0.25);
  CHECK(to_string(range) == "-0.25");
  CHECK(to_string(ParameterRange::parse("q", "1:8:0.5")) == "1:8:0.5");
}

TEST_CASE("nonsense ranges are refused with the reason") {
  check_refused("1:8:0", "not positive");
  check_refused("1:8:-0.1", "not positive");
  check_refused("8:1:0.1", "empty");
  check_refused("1:1:0.1", "empty");
  check_refused("1:8", "not a range");
  check_refused("1:8:1:1", "not a range");
  check_refused("", "''");
  check_refused("1:8:", "''");
  check_refused("1:8:x", "'x'");
  check_refused("1:8:0.1m", "'0.1m'");
  check_refused("nan", "'nan'");
  check_refused("1:inf:1", "'inf'");
  check_refused("0:1:1e-9", "million");
}

TEST_CASE("a grid enumerates all combinations, spin2 fastest") {
  const ParameterGrid grid{ParameterRange::parse("q", "1:3:1"), ParameterRange::parse("s1", "0:0.3:0.1"),
                           ParameterRange::parse("s2", "0:0.2:0.1")};
  REQUIRE(grid.size() == 12);
  CHECK(grid.binary(0).mass_ratio == 1);
  CHECK(grid.binary(1).spin2 == Approx(0.1));
  CHECK(grid.binary(1).spin1 == 0);
  CHECK(grid.binary(2).spin1 == Approx(0.1));
  CHECK(grid.binary(11).mass_ratio == 2);
  CHECK(grid.binary(11).spin1 == Approx(0.2));
  CHECK(grid.binary(11).spin2 == Approx(0.1));
  CHECK_NOTHROW(check(grid));
  const ParameterGrid outside{ParameterRange::parse("q", "1:9.5:1"), {}, {}};
  CHECK(error_of([&] { check(outside); }).code() == ExitCode::usage);
}
