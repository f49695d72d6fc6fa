#include "hpcai/core/write_attempt.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "hpcai/core/attempts.h"
#include "hpcai/core/file.h"

namespace hpcai {
namespace {

namespace fs = std::filesystem;

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

// Makes one attempt to write a file. A failed attempt removes the file, because its content is undefined after a failed fsync.
// The next attempt makes a new file. Sets `last` if a second attempt is wrong: a device or pipe would receive the bytes twice.
WriteFailure write_once(const fs::path& path, const std::vector<std::string_view>& pieces, bool& last) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) return {"create", errno};
  struct stat status {};
  const bool regular = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  int error = write_pieces(descriptor, pieces);
  if (error == 0 && regular) error = sync_descriptor(descriptor, path);
  if (close(descriptor) != 0 && error == 0 && errno != EINTR) error = errno;
  if (error != 0 && regular) unlink(path.c_str());
  last = !regular;
  return {"write", error};
}

}  // namespace

WriteFailure try_to_write(const fs::path& path, const std::vector<std::string_view>& pieces) {
  WriteFailure failure;
  attempt([&] {
    bool last = false;
    failure = write_once(path, pieces, last);
    return last ? 0 : failure.error;
  });
  return failure;
}

std::string write_remedy(int error, const std::string& option) {
  const auto or_elsewhere = [&](const char* what) { return fmt::format("{}, or choose another place with {}.", what, option); };
  switch (error) {
    case ENOSPC:
    case EDQUOT: return or_elsewhere("Free some space there");
    case EACCES:
    case EPERM:
    case EROFS: return or_elsewhere("Check the permissions");
    case EFBIG: return or_elsewhere("Raise the limit of file sizes (ulimit -f)");
    case EMFILE:
    case ENFILE: return "Raise the limit of open files (ulimit -n).";
    case EIO:
    case ESTALE:
    case ETIMEDOUT: return or_elsewhere("The disk or the network to it is in trouble: try again later");
    case EXDEV: return fmt::format("The file system there cannot rename: choose another place with {}.", option);
    default: return or_elsewhere("Check the path");
  }
}

}  // namespace hpcai
