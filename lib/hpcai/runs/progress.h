#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace hpcai::runs {

// What the user sees of a running job.
struct ProgressState {
  std::string task{};       // "train", "evaluate", "generate"
  int64_t step = 0;         // done
  int64_t total_steps = 0;  // 0: unknown
  int64_t epoch = 0;        // from 1; 0: not shown
  int64_t epochs = 0;       // 0: unknown
  std::optional<double> loss{};
  double samples_per_second = 0;   // 0: not known yet
  std::optional<double> left_s{};  // seconds to go
};

// "2:05", "1:02:03", "2 d 03:04"; negative or not finite: "?".
std::string format_duration(double seconds);
// Three significant digits and a unit: "0.52", "18.3", "954", "12.3k", "1.20M".
std::string format_rate(double per_second);
// One line for a terminal of `width` columns, never wider than width - 1: parts of lesser interest are left out first,
// then the bar shrinks.
std::string format_bar(const ProgressState& state, int width);
// One line for a file.
std::string format_line(const ProgressState& state);

// Shows progress on stderr: a bar redrawn in place on a terminal, else through the log a line at most every
// `line_interval_s`. The first state and the last are always shown. Lines of the log do not tear the bar. Only one bar
// exists at a time; ranks other than 0 show nothing. The bar has no colours (NO_COLOR holds anyway), and TERM=dumb
// none.
class Progress {
 public:
  struct Options {
    int rank = 0;
    double line_interval_s = 5;
    double redraw_interval_s = 0.1;
    std::optional<bool> terminal{};                  // default: whether stderr is one
    std::function<double()> now_s{};                 // default: steady clock
    std::function<int()> width{};                    // default: columns of the terminal
    std::function<void(const std::string&)> draw{};  // of the bar; default: writes to stderr
    std::function<void(const std::string&)> line{};  // of plain lines; default: log::info
  };
  explicit Progress(Options options);
  explicit Progress(int rank) : Progress(Options{.rank = rank}) {}
  ~Progress();  // finish()
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(const ProgressState& state);
  // Shows the last state if it is not on screen yet, and leaves the line.
  void finish();

 private:
  void show();

  Options options_;
  bool terminal_;
  ProgressState last_;
  bool pending_ = false;  // last_ is not shown yet
  std::optional<double> shown_at_s_;
};

}  // namespace hpcai::runs
