#include "hpcai/data/stage_clock.h"

#include <catch2/catch.hpp>
#include <thread>

using namespace hpcai::data;

namespace {

double seconds_of(const StageTimes& times, Stage stage) { return times.seconds[static_cast<size_t>(stage)]; }
int64_t bytes_of(const StageTimes& times, Stage stage) { return times.bytes[static_cast<size_t>(stage)]; }
void sleep_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

}  // namespace

TEST_CASE("a stage within a stage takes its time from the outer one, and time outside of all is other") {
  StageClock clock;
  sleep_ms(5);
  {
    const ScopedStage decode(Stage::decode, 10);
    sleep_ms(5);
    {
      const ScopedStage read(Stage::read, 20);
      sleep_ms(50);
    }
    const ScopedStage again(Stage::read, 1);
  }
  const StageTimes times = clock.times();
  CHECK(seconds_of(times, Stage::other) >= 0.005);
  CHECK(seconds_of(times, Stage::decode) >= 0.005);
  CHECK(seconds_of(times, Stage::read) >= 0.05);
  CHECK(seconds_of(times, Stage::resize) == 0);
  CHECK(bytes_of(times, Stage::decode) == 10);
  CHECK(bytes_of(times, Stage::read) == 21);
}

TEST_CASE("stages of a thread without a clock, and of other threads, are not measured") {
  { const ScopedStage unmeasured(Stage::read, 5); }
  StageClock clock;
  std::thread([] { const ScopedStage unmeasured(Stage::read, 5); }).join();
  CHECK(bytes_of(clock.times(), Stage::read) == 0);
}

TEST_CASE("times of threads add up") {
  StageTimes a, b;
  a.seconds[0] = 1;
  b.seconds[0] = 2;
  b.bytes[1] = 3;
  a += b;
  CHECK(a.seconds[0] == 3);
  CHECK(a.bytes[1] == 3);
}
