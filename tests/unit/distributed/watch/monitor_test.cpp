#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "hpcai/distributed/watch/monitor.h"

using namespace hpcai::distributed;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using hpcai::ExitCode;

namespace {

const WatchLimits kLimits{.glance = 20ms, .beat = 100ms, .silence = 2s, .stall = 3s, .patience = 10s, .grace = 100ms};
const SteadyClock::time_point kStart{1000s};

// A world whose ranks beat every 100 ms as `statuses` says; those in `mute` do not.
struct Scene {
  explicit Scene(int size, const WatchLimits& limits = kLimits)
      : monitor(make_peers(size), limits, kStart), statuses(static_cast<size_t>(size)), mute(static_cast<size_t>(size)) {
    for (auto& status : statuses) status = {.phase = Phase::compute, .step = 3, .exchanges = 5, .progress = 50, .warm = true};
  }

  static std::vector<Peer> make_peers(int size) {
    std::vector<Peer> peers;
    for (int rank = 0; rank < size; ++rank) peers.push_back({fmt::format("n{}", rank), 100 + rank});
    return peers;
  }

  // The verdict, if there is one before `duration` has passed.
  std::optional<EndReason> run(SteadyClock::duration duration, bool moving = false) {
    for (const auto end = now + duration; now < end; now += 100ms) {
      for (size_t rank = 0; rank < statuses.size(); ++rank) {
        if (moving) ++statuses[rank].progress;
        if (!mute[rank]) monitor.beat(static_cast<int>(rank), statuses[rank], broken, now);
      }
      if (const auto& verdict = monitor.judge(now)) return verdict;
    }
    return std::nullopt;
  }

  Monitor monitor;
  std::vector<Status::Snapshot> statuses;
  std::vector<bool> mute;
  bool broken = false;
  SteadyClock::time_point now = kStart;
};

}  // namespace

TEST_CASE("limits leave time to tell all ranks before timeout_s") {
  for (const double timeout : {1.0, 5.0, 60.0, 600.0}) {
    DistributedConfig config;
    config.timeout_s = timeout;
    const auto limits = WatchLimits::from(config, 64);
    CHECK(limits.silence + limits.beat + limits.grace < std::chrono::duration<double>(timeout));
    CHECK(limits.silence > std::chrono::duration<double>(timeout / 2));
    CHECK(limits.silence >= 10 * limits.beat);
    CHECK(limits.patience >= limits.stall);
  }
}

TEST_CASE("monitor: nothing is wrong with ranks that move, or compute for long while nobody waits") {
  Scene scene(3);
  CHECK_FALSE(scene.run(60s, true));
  CHECK_FALSE(scene.run(29s, false));
}

TEST_CASE("monitor: a rank that nobody waits for hangs, too, after ten times the limit") {
  Scene scene(3);
  SECTION("one of them") {
    for (int i = 0; i < 29; ++i) {
      CHECK_FALSE(scene.run(1s));
      for (const size_t rank : {0, 2}) ++scene.statuses[rank].progress;
    }
    const auto verdict = scene.run(2s);
    REQUIRE(verdict);
    CHECK(verdict->code == ExitCode::hang);
    CHECK(verdict->text ==
          "rank 1 (host n1, process 101), in the forward and backward pass of step 3, has made no progress for 30 s");
  }
  SECTION("all alike") {
    for (auto& status : scene.statuses) status.phase = Phase::input;
    CHECK_FALSE(scene.run(1s));
    ++scene.statuses[1].progress;
    CHECK_FALSE(scene.run(28s));
    const auto verdict = scene.run(2s);
    REQUIRE(verdict);
    CHECK_THAT(verdict->text,
               Contains("rank 0 (") && Contains("rank 1 (") && Contains("rank 2 (") && Contains("in the wait for input"));
  }
  SECTION("one that waits is none of them") {
    scene.statuses[1].phase = Phase::exchange;
    for (int i = 0; i < 60; ++i) {
      CHECK_FALSE(scene.run(1s));
      for (const size_t rank : {0, 2}) ++scene.statuses[rank].progress;
    }
  }
}

TEST_CASE("monitor: a rank without others has patience at the start, in the first step and while it saves") {
  Scene scene(1);
  SECTION("start") { scene.statuses[0] = {.phase = Phase::start}; }
  SECTION("first step") { scene.statuses[0].warm = false; }
  SECTION("checkpoint") { scene.statuses[0].phase = Phase::save; }
  CHECK_FALSE(scene.run(99s));
  REQUIRE(scene.run(2s));
}

TEST_CASE("monitor: a rank that nobody waits for may take 20 times as long as the longest part of its steps before") {
  Scene scene(1);
  CHECK_FALSE(scene.run(4s));  // the longest part
  for (int i = 0; i < 10; ++i) {
    ++scene.statuses[0].progress;
    CHECK_FALSE(scene.run(1s));
  }
  CHECK_FALSE(scene.run(78s));
  REQUIRE(scene.run(2s));
}

TEST_CASE("monitor: a pause of the whole process is no long part of a step") {
  Scene scene(1);
  CHECK_FALSE(scene.run(1s));
  scene.now += 1000s;
  ++scene.statuses[0].progress;
  CHECK_FALSE(scene.run(29s));
  REQUIRE(scene.run(2s));
}

TEST_CASE("monitor: a rank without signs of life is lost") {
  Scene scene(3);
  CHECK_FALSE(scene.run(1s));
  scene.mute[1] = true;
  const auto verdict = scene.run(2500ms);
  REQUIRE(verdict);
  CHECK(verdict->code == ExitCode::peers_unreachable);
  CHECK(verdict->text ==
        "rank 1 (host n1, process 101), in the forward and backward pass of step 3, was lost: no sign of life for 2 s; "
        "it was stopped, or its network is down");
}

TEST_CASE("monitor: a rank that falls silent while others wait for it is lost, not a hang") {
  WatchLimits limits = kLimits;
  limits.stall = limits.silence;
  Scene scene(2, limits);
  scene.statuses[1].phase = Phase::exchange;
  CHECK_FALSE(scene.run(500ms));  // in which rank 0 shows signs of life, but no progress
  scene.mute[0] = true;
  const auto verdict = scene.run(5s);
  REQUIRE(verdict);
  CHECK(verdict->code == ExitCode::peers_unreachable);
  CHECK_THAT(verdict->text, Contains("rank 0 (host n0, process 100)") && Contains("no sign of life for 2 s"));
}

TEST_CASE("monitor: a closed connection is a loss at once, a farewell is none") {
  Scene scene(3);
  scene.monitor.left(2, false);
  scene.monitor.vanished(2);
  scene.mute[2] = true;
  CHECK_FALSE(scene.run(30s, true));
  scene.monitor.vanished(0);
  const auto verdict = scene.run(100ms);
  REQUIRE(verdict);
  CHECK_THAT(verdict->text, Contains("rank 0 (host n0, process 100)") && Contains("its process has ended"));
}

TEST_CASE("monitor: a rank that has left with an error is named once another one needs it") {
  Scene scene(3);
  scene.monitor.left(1, true);
  scene.mute[1] = true;
  CHECK_FALSE(scene.run(30s, true));
  scene.broken = true;
  const auto verdict = scene.run(200ms, true);
  REQUIRE(verdict);
  CHECK_THAT(verdict->text, Contains("rank 1") && Contains("with an error of its own"));
}

TEST_CASE("monitor: of ranks that do not move, those that keep the others waiting hang") {
  Scene scene(4);
  for (auto& status : scene.statuses) status.phase = Phase::exchange;
  SECTION("one computes") {
    scene.statuses[2].phase = Phase::input;
    const auto verdict = scene.run(4s);
    REQUIRE(verdict);
    CHECK(verdict->code == ExitCode::hang);
    CHECK_THAT(verdict->text, Contains("rank 2 (host n2, process 102), in the wait for input of step 3, has made no progress"));
    CHECK_THAT(verdict->text, !Contains("rank 1") && !Contains("rank 3"));
  }
  SECTION("one has begun fewer exchanges") {
    scene.statuses[3].exchanges = 4;
    const auto verdict = scene.run(4s);
    REQUIRE(verdict);
    CHECK_THAT(verdict->text, Contains("rank 3 (") && !Contains("rank 0 ("));
  }
  SECTION("all wait in the same exchange") {
    const auto verdict = scene.run(4s);
    REQUIRE(verdict);
    CHECK(verdict->code == ExitCode::hang);
    CHECK_THAT(verdict->text, Contains("in which all ranks take part"));
  }
}

TEST_CASE("monitor: ranks that cannot connect to each other are given up, with patience") {
  Scene scene(2);
  for (auto& status : scene.statuses) status = {.phase = Phase::connect};
  CHECK_FALSE(scene.run(12s));
  const auto verdict = scene.run(2s);
  REQUIRE(verdict);
  CHECK(verdict->code == ExitCode::hang);
  CHECK_THAT(verdict->text,
             Contains("in which all ranks take part has not ended for 13 s") && Contains("the connection to the other ranks"));
}

TEST_CASE("monitor: a rank that is still connecting is not the one that hangs") {
  Scene scene(2);
  scene.statuses[0].phase = Phase::connect;
  scene.statuses[1].phase = Phase::start;
  scene.statuses[0].exchanges = scene.statuses[1].exchanges = 0;
  const auto verdict = scene.run(14s);
  REQUIRE(verdict);
  CHECK_THAT(verdict->text, Contains("rank 1 (") && !Contains("rank 0 (") && Contains("in the start"));
}

TEST_CASE("monitor: the start, the first step and checkpoints may take long, but not for ever") {
  Scene scene(2);
  scene.statuses[1].phase = Phase::exchange;
  SECTION("start") { scene.statuses[0].phase = Phase::start; }
  SECTION("first step") { scene.statuses[0].warm = false; }
  SECTION("checkpoint") { scene.statuses[0].phase = Phase::save; }
  CHECK_FALSE(scene.run(9s));
  const auto verdict = scene.run(2s);
  REQUIRE(verdict);
  CHECK_THAT(verdict->text, Contains("rank 0 (") && Contains("has made no progress"));
}

TEST_CASE("monitor: progress of a slow rank is enough") {
  Scene scene(2);
  scene.statuses[1].phase = Phase::exchange;
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(scene.run(2900ms));
    ++scene.statuses[0].progress;
  }
}

TEST_CASE("monitor: a judge who was away himself accuses nobody of the silence meanwhile") {
  Scene scene(3);
  CHECK_FALSE(scene.run(1s));
  scene.now += 100s;
  CHECK_FALSE(scene.monitor.judge(scene.now));
  CHECK_FALSE(scene.run(1s));
}

TEST_CASE("monitor: the first verdict stays") {
  Scene scene(3);
  scene.monitor.vanished(1);
  const auto verdict = scene.run(100ms);
  scene.monitor.vanished(2);
  CHECK(scene.run(1s)->text == verdict->text);
}

TEST_CASE("monitor: a rank that computes is named before one that has begun fewer exchanges, as in a part of the ranks") {
  Scene scene(3);
  for (auto& status : scene.statuses) status.phase = Phase::exchange;
  scene.statuses[1].exchanges = 4;
  scene.statuses[2].phase = Phase::compute;
  const auto reason = scene.run(4s);
  REQUIRE(reason);
  CHECK_THAT(reason->text, Contains("rank 2 (") && !Contains("rank 1 ("));
}

TEST_CASE("monitor: a rank that has failed is named at once where another one cannot connect without it") {
  Scene scene(2);
  scene.statuses[0].phase = Phase::connect;
  scene.monitor.left(1, true);
  scene.mute[1] = true;
  const auto reason = scene.run(200ms, true);
  REQUIRE(reason);
  CHECK_THAT(reason->text, Contains("rank 1") && Contains("with an error of its own"));
}
