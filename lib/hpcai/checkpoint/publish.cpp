#include "hpcai/checkpoint/publish.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/log.h"

namespace hpcai::checkpoint {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& action, const fs::path& path, int error) {
  throw Error(ExitCode::cannot_write, fmt::format("cannot {} {}: {}", action, path.string(), std::strerror(error)),
              "Check the space and the permissions there, or choose another place with --run-dir.");
}

// Whether the two folders have changed places; false if there is nothing at `to`, or the file system cannot swap.
bool exchange(const fs::path& from, const fs::path& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) return true;
  if (errno == ENOENT || errno == EINVAL || errno == ENOSYS) return false;
  fail("replace", to, errno);
}

fs::path temporary_name(const fs::path& path, const std::string& purpose) {
  return path.parent_path() / fmt::format("{}{}-{}.{}", kTemporaryPrefix, purpose, path.filename().string(), getpid());
}

}  // namespace

void publish(const fs::path& from, const fs::path& to) {
  const bool swapped = exchange(from, to);
  if (!swapped) {
    if (fs::exists(to)) remove_folder(to);
    if (rename(from.c_str(), to.c_str()) != 0) fail("create", to, errno);
  }
  sync_folder(to.parent_path());
  if (swapped) remove_folder(from);
}

void replace_link(const fs::path& link, const std::string& target) {
  const fs::path temporary = temporary_name(link, "link");
  unlink(temporary.c_str());
  if (symlink(target.c_str(), temporary.c_str()) != 0) fail("create the link", link, errno);
  if (rename(temporary.c_str(), link.c_str()) != 0) {
    const int error = errno;
    unlink(temporary.c_str());
    fail("replace the link", link, error);
  }
  sync_folder(link.parent_path());
}

void remove_folder(const fs::path& folder) {
  fs::path doomed = folder;
  if (!folder.filename().string().starts_with(kTemporaryPrefix)) {
    doomed = temporary_name(folder, "old");
    if (rename(folder.c_str(), doomed.c_str()) != 0) {
      log::warning("cannot remove {}: {}", folder.string(), std::strerror(errno));
      return;
    }
  }
  std::error_code code;
  fs::remove_all(doomed, code);
  if (code) log::warning("cannot remove {}: {}", doomed.string(), code.message());
}

}  // namespace hpcai::checkpoint
