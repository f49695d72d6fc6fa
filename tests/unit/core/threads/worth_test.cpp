#include "hpcai/core/threads/worth.h"

#include <catch2/catch.hpp>

using hpcai::team::Worth;

namespace {

constexpr int64_t kMicrosecond = 1000, kMillisecond = 1'000'000;

}  // namespace

TEST_CASE("help is wanted until much more is lost than saved") {
  Worth worth;
  CHECK(worth.wants_help(0));
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(worth.note(100 * kMicrosecond, 90 * kMicrosecond, i * kMillisecond));
  CHECK(worth.wants_help(1000 * kMillisecond));
  int64_t now = 2000 * kMillisecond;
  int rounds = 0;
  while (!worth.note(0, kMillisecond, now)) {
    REQUIRE(++rounds < 10);
    now += kMillisecond;
  }
  CHECK_FALSE(worth.wants_help(now));
  CHECK_FALSE(worth.wants_help(now + Worth::kLeastPause - 1));
  CHECK(worth.wants_help(now + Worth::kLeastPause));
}

TEST_CASE("each time alone is longer than the last, until help has paid again") {
  Worth worth;
  int64_t now = kMillisecond;
  const auto alone = [&] {  // how long the next time alone is
    while (!worth.note(0, kMillisecond, now)) now += kMillisecond;
    int64_t pause = 0;
    while (!worth.wants_help(now + pause)) pause += kMillisecond;
    now += pause;
    return pause;
  };
  CHECK(alone() == Worth::kLeastPause);
  CHECK(alone() == 2 * Worth::kLeastPause);
  for (int i = 0; i < 10; ++i) alone();
  CHECK(alone() == Worth::kMostPause);
  for (int64_t saved = 0; saved <= Worth::kRecovered; saved += kMillisecond) worth.note(kMillisecond, 0, now);
  CHECK(alone() == Worth::kLeastPause);
}
