#include "hpcai/runs/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string_view>

#include "hpcai/core/log.h"

namespace hpcai::runs {
namespace {

constexpr const char* kErase = "\r\033[K";

// The bar on screen, if there is one. It is global, because log lines of any thread must find it and the log's hooks carry no
// state.
struct Screen {
  std::mutex mutex;
  std::string bar;
  std::function<void(const std::string&)> draw;
};

Screen& screen() {
  static Screen instance;
  return instance;
}

// The lock is held until the line is written, so that no other thread draws the bar into it.
void before_log_line() {
  screen().mutex.lock();
  if (!screen().bar.empty()) screen().draw(kErase);
}

void after_log_line() {
  if (!screen().bar.empty()) screen().draw(screen().bar);
  screen().mutex.unlock();
}

bool is_terminal() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 && (term == nullptr || std::string_view(term) != "dumb");
}

int terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

double steady_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void write_to_stderr(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

Progress::Progress(Options options) : options_(std::move(options)), terminal_(options_.terminal.value_or(is_terminal())) {
  if (!options_.now_s) options_.now_s = steady_s;
  if (!options_.width) options_.width = terminal_width;
  if (!options_.draw) options_.draw = write_to_stderr;
  if (!options_.line) options_.line = [](const std::string& text) { log::info("{}", text); };
  if (terminal_ && options_.rank == 0) {
    {
      std::lock_guard lock(screen().mutex);
      screen().draw = options_.draw;
    }
    log::set_line_hooks(before_log_line, after_log_line);
  }
}

Progress::~Progress() {
  finish();
  if (terminal_ && options_.rank == 0) log::set_line_hooks(nullptr, nullptr);
}

void Progress::update(const ProgressState& state) {
  if (options_.rank != 0) return;
  last_ = state;
  pending_ = true;
  const double interval = terminal_ ? options_.redraw_interval_s : options_.line_interval_s;
  if (!shown_at_s_ || options_.now_s() - *shown_at_s_ >= interval) show();
}

void Progress::show() {
  if (terminal_) {
    std::lock_guard lock(screen().mutex);
    screen().bar = format_bar(last_, options_.width());
    options_.draw(kErase + screen().bar);
  } else {
    options_.line(format_line(last_));
  }
  pending_ = false;
  shown_at_s_ = options_.now_s();
}

void Progress::finish() {
  if (pending_) show();
  shown_at_s_.reset();
  if (!terminal_ || options_.rank != 0) return;
  std::lock_guard lock(screen().mutex);
  if (!screen().bar.empty()) options_.draw("\n");
  screen().bar.clear();
}

}  // namespace hpcai::runs
