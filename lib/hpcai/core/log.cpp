#include "hpcai/core/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <mutex>
#include <unistd.h>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai::log {
namespace {

bool dumb_terminal() {
  const char* term = std::getenv("TERM");
  return term == nullptr || std::string_view(term) == "dumb";
}

struct State {
  std::mutex mutex;
  int rank = 0;
  void (*before)() = nullptr;
  void (*after)() = nullptr;
  bool color = isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr && !dumb_terminal();
  std::shared_ptr<spdlog::logger> console;
  std::shared_ptr<spdlog::logger> file;

  State() {
    console = std::make_shared<spdlog::logger>("console", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    console->set_pattern("%v");
    console->set_level(spdlog::level::trace);
    console->flush_on(spdlog::level::trace);
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

void open_file(const std::string& path) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path, false);
    auto logger = std::make_shared<spdlog::logger>("file", std::move(sink));
    logger->set_pattern("%Y-%m-%dT%H:%M:%SZ %v", spdlog::pattern_time_type::utc);
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::trace);
    logger->set_error_handler([](const std::string&) {});
    std::lock_guard lock(state().mutex);
    state().file = std::move(logger);
  } catch (const spdlog::spdlog_ex& e) {
    throw Error(ExitCode::cannot_write, fmt::format("cannot write the log file {}: {}", printable(path), e.what()));
  }
}

void close_file() {
  std::lock_guard lock(state().mutex);
  state().file.reset();
}

void set_line_hooks(void (*before)(), void (*after)()) {
  std::lock_guard lock(state().mutex);
  state().before = before;
  state().after = after;
}

void write(Level level, std::string_view text) {
  State& s = state();
  if (s.rank != 0 && level < Level::warning) return;
  const std::string rank = s.rank == 0 ? "" : fmt::format("[rank {}] ", s.rank);
  const auto head = prefix(level);
  const std::string safe = printable_lines(text);
  std::lock_guard lock(s.mutex);
  if (s.before) s.before();
  if (s.color && !head.empty()) {
    s.console->info("{}{}{}\033[0m{}", rank, color_of(level), head, safe);
  } else {
    s.console->info("{}{}{}", rank, head, safe);
  }
  if (s.after) s.after();
  if (s.file) s.file->info("{}{}{}", rank, head, safe);
}

}  // namespace hpcai::log
