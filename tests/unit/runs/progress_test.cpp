#include "check.h"

#include "hpcai/runs/progress.h"

#include <cmath>
#include <vector>

#include "hpcai/core/log.h"
#include "hpcai/runs/throughput.h"

using namespace hpcai;
using namespace hpcai::runs;

namespace {

const ProgressState kState{.task = "train",
                           .step = 120,
                           .total_steps = 500,
                           .epoch = 3,
                           .epochs = 100,
                           .loss = 0.012345,
                           .samples_per_second = 954.4,
                           .left_s = 125};

// A progress display whose clock and screen belong to the test.
struct Stage {
  double now = 1000;
  std::vector<std::string> drawn, lines;
  Progress::Options options(bool terminal, int rank = 0) {
    return {.rank = rank,
            .terminal = terminal,
            .now_s = [this] { return now; },
            .width = [] { return 60; },
            .draw = [this](const std::string& text) { drawn.push_back(text); },
            .line = [this](const std::string& text) { lines.push_back(text); }};
  }
};

ProgressState at_step(int64_t step) { return {.task = "train", .step = step, .total_steps = 10}; }

}  // namespace

TEST_CASE("durations and rates are short and exact") {
  CHECK(format_duration(0) == "0:00");
  CHECK(format_duration(59.4) == "0:59");
  CHECK(format_duration(59.6) == "1:00");
  CHECK(format_duration(125) == "2:05");
  CHECK(format_duration(3723) == "1:02:03");
  CHECK(format_duration(2 * 86400 + 3 * 3600 + 4 * 60 + 5) == "2 d 03:04");
  CHECK(format_duration(-1) == "?");
  CHECK(format_duration(NAN) == "?");
  CHECK(format_duration(INFINITY) == "?");
  CHECK(format_rate(0.523) == "0.52");
  CHECK(format_rate(9.999) == "10.0");
  CHECK(format_rate(18.34) == "18.3");
  CHECK(format_rate(99.97) == "100");
  CHECK(format_rate(954.4) == "954");
  CHECK(format_rate(999.7) == "1.00k");
  CHECK(format_rate(12'345) == "12.3k");
  CHECK(format_rate(1'200'000) == "1.20M");
}

TEST_CASE("the bar of a wide terminal shows everything") {
  CHECK(format_bar(kState, 120) ==
        "train  epoch 3/100  [======>                     ]  120/500  loss 0.01235  954 samples/s  2:05 left");
}

TEST_CASE("on narrower terminals the bar shrinks, then lesser parts go") {
  CHECK(format_bar(kState, 84) == "train  epoch 3/100  [==>         ]  120/500  loss 0.01235  954 samples/s  2:05 left");
  CHECK(format_bar(kState, 75) == "train  epoch 3/100  [====>             ]  120/500  loss 0.01235  2:05 left");
  CHECK(format_bar(kState, 50) == "epoch 3/100  120/500  loss 0.01235  2:05 left");
  CHECK(format_bar(kState, 40) == "epoch 3/100  120/500  loss 0.01235");
  CHECK(format_bar(kState, 30) == "120/500  loss 0.01235");
  CHECK(format_bar(kState, 10) == "120/500");
  for (int width = 0; width < 200; ++width) {
    const auto line = format_bar(kState, width);
    CHECK(static_cast<int>(line.size()) <= std::max(width - 1, 1));
    CHECK(line.find_first_of("\r\n\033") == std::string::npos);
  }
}

TEST_CASE("bars at the start, at the end, beyond it and without a known end") {
  CHECK(format_bar(at_step(0), 40) == "train  [>                       ]  0/10");
  CHECK(format_bar(at_step(10), 40) == "train  [=======================]  10/10");
  CHECK(format_bar(at_step(11), 40) == "train  [=======================]  11/10");
  CHECK(format_bar({.task = "generate", .step = 7}, 40) == "generate  7");
}

TEST_CASE("plain lines say the same in words") {
  CHECK(format_line(kState) == "train: epoch 3/100, step 120/500, loss 0.01235, 954 samples/s, 2:05 left");
  CHECK(format_line({.task = "evaluate", .step = 7}) == "evaluate: step 7");
  CHECK(format_line({.step = 7, .loss = NAN}) == "step 7, loss nan");
}

TEST_CASE("off a terminal the first and the last state and one in each interval become lines, without control characters") {
  Stage stage;
  {
    Progress progress(stage.options(false));
    for (int64_t step = 1; step <= 10; ++step) {
      progress.update(at_step(step));
      stage.now += 2;
    }
  }
  CHECK(stage.drawn.empty());
  CHECK(stage.lines == std::vector<std::string>{"train: step 1/10", "train: step 4/10", "train: step 7/10", "train: step 10/10"});
}

TEST_CASE("the last state becomes a line even inside an interval, once") {
  Stage stage;
  Progress progress(stage.options(false));
  progress.update(at_step(1));
  progress.update(at_step(10));
  CHECK(stage.lines.size() == 1);
  progress.finish();
  progress.finish();
  CHECK(stage.lines == std::vector<std::string>{"train: step 1/10", "train: step 10/10"});
  progress.update(at_step(2));  // a new phase starts at once
  CHECK(stage.lines.size() == 3);
}

TEST_CASE("on a terminal the bar is redrawn in place and ends with a new line") {
  Stage stage;
  Progress progress(stage.options(true));
  progress.update(at_step(1));
  progress.update(at_step(2));  // too soon to be drawn
  CHECK(stage.drawn == std::vector<std::string>{"\r\033[K" + format_bar(at_step(1), 60)});
  stage.now += 1;
  progress.update(at_step(3));
  progress.update(at_step(4));
  progress.finish();
  progress.finish();
  REQUIRE(stage.drawn.size() == 4);
  CHECK(stage.drawn[1] == "\r\033[K" + format_bar(at_step(3), 60));
  CHECK(stage.drawn[2] == "\r\033[K" + format_bar(at_step(4), 60));
  CHECK(stage.drawn[3] == "\n");
  CHECK(stage.lines.empty());
}

TEST_CASE("a line of the log steps between the bar and its redrawing") {
  Stage stage;
  Progress progress(stage.options(true));
  log::warning("before the bar, from the test of the progress bar");
  CHECK(stage.drawn.empty());
  progress.update(at_step(1));
  log::warning("between two bars, from the test of the progress bar");
  REQUIRE(stage.drawn.size() == 3);
  CHECK(stage.drawn[1] == "\r\033[K");
  CHECK(stage.drawn[2] == format_bar(at_step(1), 60));
}

TEST_CASE("ranks other than 0 show nothing") {
  Stage stage;
  for (const bool terminal : {true, false}) {
    Progress progress(stage.options(terminal, 1));
    progress.update(at_step(1));
    progress.finish();
  }
  CHECK(stage.drawn.empty());
  CHECK(stage.lines.empty());
}

TEST_CASE("throughput leaves out the first steps, pauses, and what is older than its window") {
  Throughput throughput(/*window=*/2, /*skip=*/2);
  CHECK(throughput.samples_per_second() == 0);
  throughput.add(100, 8);  // slow first steps
  throughput.add(200, 8);
  CHECK(throughput.samples_per_second() == 0);
  throughput.add(201, 8);
  CHECK(throughput.samples_per_second() == 8);
  throughput.add(205, 8);
  CHECK(throughput.samples_per_second() == Approx(16.0 / 5));
  throughput.pause(50);  // an evaluation
  throughput.add(257, 8);
  CHECK(throughput.samples_per_second() == Approx(16.0 / 6));  // the last two steps: 4 s and 2 s
  CHECK(throughput.mean_samples_per_second() == Approx(24.0 / 7));
}
