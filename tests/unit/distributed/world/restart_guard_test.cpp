#include "hpcai/distributed/world/restart_guard.h"

#include <catch2/catch.hpp>

using hpcai::distributed::RestartGuard;

TEST_CASE("ranks are started again after a lost, hanging or killed rank, and after nothing else") {
  for (const int status : {69, 80, 137, 139}) CHECK(RestartGuard(1).decide(status, 5).restart);
  for (const int status : {0, 1, 2, 65, 70, 74, 75, 76, 78, 79}) {
    const auto decision = RestartGuard(1).decide(status, 5);
    CHECK_FALSE(decision.restart);
    CHECK(decision.why_not.empty());
  }
  CHECK_FALSE(RestartGuard(0).decide(69, 5).restart);
}

TEST_CASE("the number of restarts is limited") {
  RestartGuard guard(2);
  CHECK(guard.decide(69, 10).restart);
  CHECK(guard.decide(69, 20).restart);
  CHECK(guard.restarts() == 2);
  const auto decision = guard.decide(69, 30);
  CHECK_FALSE(decision.restart);
  CHECK(decision.why_not == "a rank was lost again after 2 restarts (--restarts)");
}

TEST_CASE("restarts that bring no newer checkpoint end after three") {
  RestartGuard guard(100);
  for (const int64_t step : {-1, -1, -1}) CHECK(guard.decide(137, step).restart);
  CHECK(guard.decide(137, 4).restart);  // the third one has saved something
  CHECK(guard.decide(137, 4).restart);
  CHECK(guard.decide(137, 4).restart);
  const auto decision = guard.decide(137, 4);
  CHECK_FALSE(decision.restart);
  CHECK(decision.why_not == "3 restarts have brought the training no further");
}
