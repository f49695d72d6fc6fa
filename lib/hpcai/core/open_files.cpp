#include "hpcai/core/open_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace hpcai {
namespace {

// The hard limit may be a billion. This is enough for any run, and a library may loop over all numbers below the limit.
constexpr rlim_t kEnough = 65536;
constexpr rlim_t kUsual = 1024;

rlimit current_limit() {
  rlimit limit{kUsual, kUsual};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit;
}

}  // namespace

size_t raise_open_file_limit() {
  rlimit limit = current_limit();
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kEnough));
  setrlimit(RLIMIT_NOFILE, &limit);
  return current_limit().rlim_cur;
}

bool is_open_file_limit(int error) { return error == EMFILE || error == ENFILE; }

LocalError open_file_limit(const std::string& what, int error) {
  if (error == ENFILE) {
    return {ExitCode::usage, fmt::format("{}: the system's limit of open files is reached (fs.file-max)", what),
            "End other programs, or ask the administrator to raise the limit."};
  }
  return {ExitCode::usage,
          fmt::format("{}: the limit of open files is reached (ulimit -n is {})", what, current_limit().rlim_cur),
          "Raise the limit (ulimit -n), or put the data into fewer files."};
}

void require_open_files(size_t count, const std::string& what) {
  std::vector<int> opened;
  int error = 0;
  while (opened.size() < count && error == 0) {
    const int descriptor = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (descriptor >= 0) {
      opened.push_back(descriptor);
    } else {
      error = errno;
    }
  }
  for (const int descriptor : opened) close(descriptor);
  if (is_open_file_limit(error)) throw open_file_limit(what, error);
}

}  // namespace hpcai
