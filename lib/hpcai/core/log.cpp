#include "hpcai/core/log.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

#include "hpcai/core/append_file.h"
#include "hpcai/core/text.h"

namespace hpcai::log {
namespace {

// The run's log file. On a full disk the lines stay in memory and are written later. A failure never ends the run; the terminal
// reports it once.
class FileSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit FileSink(const std::string& path) : file_(path) {}
  // Returns the failure since the last call, for the terminal.
  std::string take_trouble() { return std::exchange(trouble_, ""); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    const int error = file_.append({text.data(), text.size()});
    if (error != 0 && !failing_)
      trouble_ = fmt::format("cannot write {}: {}; its lines wait in memory", printable(file_.path()), std::strerror(error));
    failing_ = error != 0;
  }
  void flush_() override {}

 private:
  AppendFile file_;
  bool failing_ = false;
  std::string trouble_;
};

bool dumb_terminal() {
  const char* term = std::getenv("TERM");
  return term == nullptr || std::string_view(term) == "dumb";
}

struct State {
  std::mutex mutex;
  std::atomic<int> rank = 0;
  void (*before)() = nullptr;
  void (*after)() = nullptr;
  Warnings warnings;
  bool color = isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr && !dumb_terminal();
  std::shared_ptr<spdlog::logger> console;
  std::shared_ptr<FileSink> file_sink;
  std::shared_ptr<spdlog::logger> file;

  State() {
    console = std::make_shared<spdlog::logger>("console", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    console->set_pattern("%v");
    console->set_level(spdlog::level::trace);
    console->flush_on(spdlog::level::trace);
    console->set_error_handler([](const std::string&) {});  // the terminal is closed; the log file continues
  }
};

State& state() {
  static State instance;
  return instance;
}

constexpr std::string_view prefix(Level level) {
  switch (level) {
    case Level::warning: return "warning: ";
    case Level::error: return "error: ";
    default: return "";
  }
}

constexpr std::string_view color_of(Level level) {
  switch (level) {
    case Level::warning: return "\033[33m";
    case Level::error: return "\033[31m";
    default: return "";
  }
}

}  // namespace

void set_rank(int rank) { state().rank = rank; }
int rank() { return state().rank; }

Warnings warnings() {
  std::lock_guard lock(state().mutex);
  return state().warnings;
}

void open_file(const std::string& path) {
  auto sink = std::make_shared<FileSink>(path);
  auto logger = std::make_shared<spdlog::logger>("file", sink);
  logger->set_pattern("%Y-%m-%dT%H:%M:%SZ %v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::trace);
  logger->set_error_handler([](const std::string&) {});
  std::lock_guard lock(state().mutex);
  state().file = std::move(logger);
  state().file_sink = std::move(sink);
}

void close_file() {
  std::lock_guard lock(state().mutex);
  state().file.reset();
  state().file_sink.reset();
}

void set_line_hooks(void (*before)(), void (*after)()) {
  std::lock_guard lock(state().mutex);
  state().before = before;
  state().after = after;
}

namespace {

// The caller holds the state's mutex.
void show(State& s, Level level, const std::string& rank, std::string_view text) {
  const auto head = prefix(level);
  if (s.before) s.before();
  if (s.color && !head.empty()) {
    s.console->info("{}{}{}\033[0m{}", rank, color_of(level), head, text);
  } else {
    s.console->info("{}{}{}", rank, head, text);
  }
  if (s.after) s.after();
}

}  // namespace

void write(Level level, std::string_view text) {
  State& s = state();
  if (s.rank != 0 && level < Level::warning) return;
  const int number = s.rank;
  const std::string rank = number == 0 ? "" : fmt::format("[rank {}] ", number);
  const std::string safe = printable_lines(text);
  std::lock_guard lock(s.mutex);
  if (level == Level::warning) s.warnings = {s.warnings.count + 1, safe};
  show(s, level, rank, safe);
  if (!s.file) return;
  s.file->info("{}{}{}", rank, prefix(level), safe);
  const std::string trouble = s.file_sink->take_trouble();
  if (!trouble.empty()) show(s, Level::warning, rank, trouble);
}

}  // namespace hpcai::log
