#pragma once

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstddef>

namespace hpcai::app {

// Returns the width in characters of the terminal that shows the standard output; 120 if that is none.
inline size_t terminal_width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 120;
}

}  // namespace hpcai::app
