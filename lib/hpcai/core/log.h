#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

// Talk to the user: on stderr, from rank 0 only (warnings and errors from every rank, with the rank in front), and
// into the run's log file once there is one. Data for programs go to stdout and never pass through here.
namespace hpcai::log {

enum class Level { info, warning, error };

// Warnings and errors of ranks other than 0 carry "[rank r]"; their info lines are dropped.
void set_rank(int rank);
int rank();
// Copies every later line, with a UTC time stamp, to `path` (appended). Throws Error{cannot_write}.
void open_file(const std::string& path);
void close_file();
// Called before and after a line goes to the terminal, so that a progress bar can step aside.
void set_line_hooks(void (*before)(), void (*after)());

// One message. Control characters other than line ends and tabs are shown as printable_lines() does; where a name of
// unknown origin goes into a message, pass it through printable(), so that its line ends cannot look like a message.
void write(Level level, std::string_view text);

template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
// A warning about what every rank finds alike, such as the data: rank 0 says it for all.
template <class... Args>
void shared_warning(fmt::format_string<Args...> format, Args&&... args) {
  if (rank() == 0) write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace hpcai::log
