#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace hpcai::runs {

// The progress of a job, as the user sees it.
struct ProgressState {
  std::string task{};       // "train", "evaluate", "generate"
  int64_t step = 0;         // number of completed steps
  int64_t total_steps = 0;  // 0: unknown
  int64_t epoch = 0;        // from 1; 0: not shown
  int64_t epochs = 0;       // 0: unknown
  std::optional<double> loss{};
  double samples_per_second = 0;   // 0: unknown
  std::optional<double> left_s{};  // remaining time in seconds
};

// Returns "2:05", "1:02:03", "2 d 03:04"; "?" for a negative or infinite time.
std::string format_duration(double seconds);
// Returns three significant digits and a unit: "0.52", "18.3", "954", "12.3k", "1.20M".
std::string format_rate(double per_second);
// Returns one line for a terminal of `width` columns, at most width - 1 wide. Less important parts are omitted first, then the
// bar shrinks.
std::string format_bar(const ProgressState& state, int width);
// Returns one line for a file.
std::string format_line(const ProgressState& state);

// Shows progress on stderr. On a terminal it is a bar that is redrawn in place. Otherwise it is a line of the log at most every
// `line_interval_s`. It always shows the first and the last state. The bar is redrawn below the lines of the log. Only one bar
// exists at a time. Ranks other than 0 show nothing. The bar has no colours (so NO_COLOR holds), and with TERM=dumb there is no
// bar.
class Progress {
 public:
  struct Options {
    int rank = 0;
    double line_interval_s = 5;
    double redraw_interval_s = 0.1;
    std::optional<bool> terminal{};                  // whether stderr is a terminal; default: asks the system
    std::function<double()> now_s{};                 // default: a steady clock
    std::function<int()> width{};                    // default: columns of the terminal
    std::function<void(const std::string&)> draw{};  // draws the bar; default: writes to stderr
    std::function<void(const std::string&)> line{};  // writes a plain line; default: log::info
  };
  // Shows nothing before the first update(). `rank`: of this process.
  explicit Progress(Options options);
  explicit Progress(int rank) : Progress(Options{.rank = rank}) {}
  ~Progress();  // calls finish()
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Shows a new state if the interval since the last one is over. Call it from one thread.
  void update(const ProgressState& state);
  // Shows the last state if it is not shown yet, and ends the line.
  void finish();

 private:
  void show();

  Options options_;
  bool terminal_;
  ProgressState last_;
  bool pending_ = false;  // whether last_ is not shown yet
  std::optional<double> shown_at_s_;
};

}  // namespace hpcai::runs
