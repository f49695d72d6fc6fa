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
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"

namespace hpcai {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPathRemedy = "Check the path; relative paths start where the program was started.";

std::string remedy_for(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT: return "Free some space there, or choose another place with --run-dir.";
    case EACCES:
    case EPERM:
    case EROFS: return "Check the permissions, or choose another place with --run-dir.";
    case EFBIG: return "Raise the limit of file sizes (ulimit -f), or choose another place with --run-dir.";
    case EIO:
    case ESTALE:
    case ETIMEDOUT:
      return "The disk or the network to it is in trouble: try again later, or choose another place with --run-dir.";
    default: return "";
  }
}

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

int write_pieces(int descriptor, const std::vector<std::string_view>& pieces) {
  for (std::string_view left : pieces) {
    while (!left.empty()) {
      const ssize_t written = write(descriptor, left.data(), left.size());
      if (written >= 0) {
        left.remove_prefix(static_cast<size_t>(written));
      } else if (errno != EINTR) {
        return errno;
      }
    }
  }
  return 0;
}

struct Failure {
  const char* action = "";
  int error = 0;
  bool final = false;  // whether a second attempt is wrong: a device or pipe would receive the bytes twice
};

// Makes one attempt to write a file. A failed attempt removes the file, because its content is undefined after a failed fsync.
// The next attempt makes a new file.
Failure write_once(const fs::path& path, const std::vector<std::string_view>& pieces) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) return {"create", errno};
  struct stat status {};
  const bool regular = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  int error = write_pieces(descriptor, pieces);
  if (error == 0 && regular) error = sync_descriptor(descriptor, path);
  if (close(descriptor) != 0 && error == 0 && errno != EINTR) error = errno;
  if (error != 0 && regular) unlink(path.c_str());
  return {"write", error, !regular};
}

}  // namespace

void fail_to_write(const std::string& action, const fs::path& path, int error) {
  throw Error(ExitCode::cannot_write, fmt::format("cannot {} {}: {}", action, printable(path), std::strerror(error)),
              remedy_for(error));
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
  Failure failure;
  attempt([&] {
    failure = write_once(path, pieces);
    return failure.final ? 0 : failure.error;
  });
  if (failure.error != 0) fail_to_write(failure.action, path, failure.error);
}

void require_replaceable(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const auto refuse = [&](const std::string& why) {
    throw Error(ExitCode::cannot_write, fmt::format("cannot write {}: {}", printable(path), why),
                "Name a file in a folder that exists and is yours.");
  };
  if (is_folder(path, ExitCode::cannot_write)) refuse("it is a folder");
  if (!is_folder(folder, ExitCode::cannot_write)) refuse(fmt::format("there is no folder {}", printable(folder)));
  if (access(folder.c_str(), W_OK) != 0) refuse(std::strerror(errno));
}

void replace_file(const fs::path& path, std::string_view content) {
  fs::path temporary = path;
  temporary += fmt::format(".tmp-{}", getpid());
  write_file(temporary, content);
  try {
    rename_path(temporary, path);
  } catch (const Error&) {
    unlink(temporary.c_str());
    throw;
  }
  sync_folder(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

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

void sync_folder(const fs::path& path) {
  const int error = attempt([&] {
    const int descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    // A folder with write permission but no read permission cannot be opened, so it cannot be made durable.
    if (descriptor < 0) return errno == EACCES ? 0 : errno;
    const int failure = sync_descriptor(descriptor, path);
    close(descriptor);
    return failure;
  });
  if (error != 0) fail_to_write("make durable the folder", path, error);
}

}  // namespace hpcai
