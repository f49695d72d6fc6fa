#include "hpcai/distributed/watch/watchdog.h"

#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <thread>

#include "hpcai/distributed/meeting/key_protocol.h"

using namespace hpcai::distributed;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using hpcai::ExitCode;

namespace {

// The watchdog of rank 1, and the test in the place of rank 0.
struct Pair {
  Pair() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    rank0 = std::make_unique<Connection>(ends[0]);
    watchdog = std::make_unique<Watchdog>(std::make_unique<Connection>(ends[1]), 1, Peer{"n0", 100}, limits, status);
  }
  ~Pair() {
    try {
      rank0->send(Packer().number(static_cast<int64_t>(Reply::end)).number(0).bytes(), SteadyClock::now() + 5s);
    } catch (const ConnectionLost&) {  // closed by the test
    }
    watchdog.reset();
  }

  void send_reason(int64_t code, const std::string& text) {
    Packer message;
    message.number(static_cast<int64_t>(Reply::end_reason)).number(code).text(text).text("do this").number(2).number(2).number(5);
    rank0->send(message.bytes(), SteadyClock::now() + 5s);
  }

  // The grace is long: the test, as the main thread, takes the reason, and the process goes on.
  WatchLimits limits{.glance = 10ms, .beat = 200ms, .silence = 60s, .stall = 60s, .patience = 60s, .grace = 30s};
  std::shared_ptr<Status> status = std::make_shared<Status>();
  std::unique_ptr<Connection> rank0;
  std::unique_ptr<Watchdog> watchdog;
};

}  // namespace

TEST_CASE("watchdog: signs of life tell what the rank is doing") {
  Pair pair;
  pair.status->begin_step(7);
  for (const auto end = SteadyClock::now() + 10s; SteadyClock::now() < end;) {
    const auto message = pair.rank0->receive(end);
    REQUIRE(message);
    Unpacker fields(*message);
    CHECK(fields.number() == static_cast<int64_t>(Request::beat));
    CHECK(fields.number() == 1);
    if (unpack_status(fields).step == 7) return;
  }
  FAIL("step 7 is not told");
}

TEST_CASE(
    "watchdog: the reason from rank 0 reaches the main thread, fit for the log and with a status that is rank 0's to give") {
  Pair pair;
  std::atomic<bool> given_up{false};
  pair.watchdog->on_end([&] { given_up = true; });
  const auto [code, taken] = GENERATE(table<ExitCode, ExitCode>({{ExitCode::hang, ExitCode::hang},
                                                                 {ExitCode::peers_unreachable, ExitCode::peers_unreachable},
                                                                 {ExitCode::done, ExitCode::peers_unreachable},
                                                                 {static_cast<ExitCode>(1000), ExitCode::peers_unreachable}}));
  pair.send_reason(static_cast<int64_t>(code), "rank 2\nerror: forged\x1b[2J was lost");
  const auto reason = pair.watchdog->wait_for_reason();
  REQUIRE(reason);
  CHECK(reason->code == taken);
  CHECK(reason->text == "rank 2\\nerror: forged\\x1b[2J was lost");
  CHECK(reason->remedy == "do this");
  CHECK(reason->ranks == std::vector<int>{2, 5});
  for (int i = 0; i < 500 && !given_up; ++i) std::this_thread::sleep_for(10ms);
  CHECK(given_up);
}

TEST_CASE("watchdog: rank 0 that closes without a farewell is lost, with the place where it was") {
  Pair pair;
  Packer alive;
  pack_status(alive.number(static_cast<int64_t>(Reply::alive)), {.phase = Phase::update, .step = 9});
  pair.rank0->send(alive.bytes(), SteadyClock::now() + 5s);
  std::this_thread::sleep_for(200ms);
  shutdown(pair.rank0->fd(), SHUT_WR);
  const auto reason = pair.watchdog->wait_for_reason();
  REQUIRE(reason);
  CHECK_THAT(reason->text,
             Contains("rank 0 (host n0, process 100), in the update of step 9, was lost: its connection was closed"));
}
