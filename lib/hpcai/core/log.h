#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

// Messages to the user. They go to stderr and, once it is open, into the run's log file. Rank 0 writes all messages; the other
// ranks write warnings and errors, with their rank in front. Data for programs go to stdout and bypass this interface. Any
// thread may call these functions.
namespace hpcai::log {

enum class Level { info, warning, error };

// Sets the rank of this process. Warnings and errors of ranks other than 0 carry "[rank r]". These ranks write no info lines.
void set_rank(int rank);
// Returns the rank of this process as set_rank() has set it; 0 before.
int rank();
// Appends every later line, with a UTC time stamp, to `path`. Throws Error{cannot_write}.
void open_file(const std::string& path);
void close_file();
// Sets functions that are called before and after a line goes to the terminal. The progress bar uses them to make room.
void set_line_hooks(void (*before)(), void (*after)());

// The warnings that this process has written, whatever its rank.
struct Warnings {
  int64_t count = 0;
  std::string last{};  // the text of the last one; empty if there is none
};
Warnings warnings();

// Writes one message. Control characters other than line ends and tabs appear as in printable_lines(). Callers pass names of
// unknown origin through printable(), so that a line end in a name cannot imitate a message.
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
