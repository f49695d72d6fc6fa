#include "hpcai/core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "hpcai/core/attempts.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/text.h"
#include "hpcai/core/write_attempt.h"

namespace hpcai {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPathRemedy = "Check the path; relative paths start where the program was started.";

bool knows_no_sync(int error) { return error == EINVAL || error == EOPNOTSUPP || error == ENOSYS; }

// Reads at most one byte more than `limit`. Returns 0 or the errno.
int read_all(const fs::path& path, size_t limit, std::string& content) {
  content.clear();
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return errno;
  int error = 0;
  std::vector<char> buffer(1 << 17);
  while (content.size() <= limit) {
    const ssize_t got = read(descriptor, buffer.data(), buffer.size());
    if (got == 0) break;
    if (got > 0) {
      content.append(buffer.data(), static_cast<size_t>(got));
    } else if (errno != EINTR) {
      error = errno;
      break;
    }
  }
  close(descriptor);
  return error;
}

// Opens a file or folder with these flags and makes it durable. Returns 0 or the errno.
int sync_path(const fs::path& path, int flags) {
  const int descriptor = open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) return errno;
  const int error = sync_descriptor(descriptor, path);
  close(descriptor);
  return error;
}

}  // namespace

void fail_to_write(const std::string& action, const fs::path& path, int error) {
  throw Error(ExitCode::cannot_write, fmt::format("cannot {} {}: {}", action, printable(path), std::strerror(error)),
              write_remedy(error, "--run-dir"));
}

int sync_descriptor(int descriptor, const fs::path& path) {
  if (fsync(descriptor) == 0) return 0;
  const int error = errno;
  if (!knows_no_sync(error)) return error;
  static std::atomic<bool> reported{false};
  if (!reported.exchange(true)) {
    log::warning(
        "the file system of {} cannot make files durable (fsync: {}): what is written goes on as usual, but a crash of "
        "the machine may lose the newest files",
        printable(path), std::strerror(error));
  }
  return 0;
}

std::string read_file(const fs::path& path, size_t limit) {
  std::string content;
  const int error = attempt([&] { return read_all(path, limit, content); });
  if (error == EISDIR)
    throw Error(ExitCode::missing_input, fmt::format("{} is a folder, not a file", printable(path)), kPathRemedy);
  if (error != 0)
    throw Error(ExitCode::missing_input, fmt::format("cannot read {}: {}", printable(path), std::strerror(error)), kPathRemedy);
  if (content.size() > limit)
    throw Error(ExitCode::bad_data, fmt::format("{} is larger than the allowed {} bytes", printable(path), limit));
  return content;
}

void write_file(const fs::path& path, std::string_view content) { write_file(path, std::vector{content}); }

void write_file(const fs::path& path, const std::vector<std::string_view>& pieces) {
  const WriteFailure failure = try_to_write(path, pieces);
  if (failure.error != 0) fail_to_write(failure.action, path, failure.error);
}

void replace_file(const fs::path& path, std::string_view content) { write_output(path, content, "--run-dir"); }

void rename_path(const fs::path& from, const fs::path& to) {
  const int error = attempt([&] { return rename(from.c_str(), to.c_str()) == 0 ? 0 : errno; });
  if (error != 0) fail_to_write("create", to, error);
}

void make_folder(const fs::path& path) {
  const int error = attempt([&] {
    std::error_code code;
    fs::create_directories(path, code);
    return code.value();
  });
  if (error != 0) fail_to_write("create the folder", path, error);
}

bool make_new_folder(const fs::path& path) {
  const int error = attempt([&] { return mkdir(path.c_str(), 0777) == 0 ? 0 : errno; });
  if (error != 0 && error != EEXIST) fail_to_write("create the folder", path, error);
  return error == 0;
}

int sync_file(const fs::path& path) {
  return attempt([&] { return sync_path(path, O_WRONLY); });
}

void sync_folder(const fs::path& path) {
  const int error = attempt([&] { return sync_path(path, O_RDONLY | O_DIRECTORY); });
  // A folder with write permission but no read permission cannot be opened, so it cannot be made durable.
  if (error != 0 && error != EACCES) fail_to_write("make durable the folder", path, error);
}

}  // namespace hpcai
