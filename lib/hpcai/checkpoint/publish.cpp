#include "hpcai/checkpoint/publish.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "hpcai/core/attempts.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/log.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"

namespace hpcai::checkpoint {
namespace {

namespace fs = std::filesystem;

// Exchanges two folders. Returns false on failure: many file systems do not support it and return various errors.
bool exchange(const fs::path& from, const fs::path& to) {
  return renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0;
}

fs::path aside_name(const fs::path& folder) {
  return folder.parent_path() / fmt::format("{}{}.{}", kPutAsidePrefix, folder.filename().string(), getpid());
}

// Between the two renames the checkpoint of this step exists only under the name aside.
void replace_in_two_steps(const fs::path& from, const fs::path& to) {
  const fs::path aside = aside_name(to);
  try_remove_tree(aside);
  rename_path(to, aside);
  try {
    rename_path(from, to);
  } catch (const Error&) {
    rename(aside.c_str(), to.c_str());
    throw;
  }
  sync_folder(to.parent_path());
  remove_folder(aside);
}

int make_link(const fs::path& temporary, const fs::path& link, const std::string& target) {
  unlink(temporary.c_str());
  if (symlink(target.c_str(), temporary.c_str()) != 0) return errno;
  if (rename(temporary.c_str(), link.c_str()) == 0) return 0;
  const int error = errno;
  unlink(temporary.c_str());
  return error;
}

}  // namespace

void publish(const fs::path& from, const fs::path& to) {
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(to, ignored))) {
    rename_path(from, to);
    sync_folder(to.parent_path());
  } else if (exchange(from, to)) {
    sync_folder(to.parent_path());
    remove_folder(from);
  } else {
    replace_in_two_steps(from, to);
  }
}

void replace_link(const fs::path& link, const std::string& target) {
  std::error_code ignored;
  // A copy that has followed the links leaves a folder here, and rename() cannot replace a folder by a link.
  if (fs::is_directory(fs::symlink_status(link, ignored))) remove_folder(link);
  const fs::path temporary =
      link.parent_path() / fmt::format("{}link-{}.{}", kTemporaryPrefix, link.filename().string(), getpid());
  const int error = attempt([&] { return make_link(temporary, link, target); });
  if (error == 0) return;
  unlink(link.c_str());  // a missing link is better than one to an older checkpoint
  static std::atomic<bool> reported{false};
  if (reported.exchange(true)) return;
  log::warning(
      "cannot create the link {}: {}. Nothing depends on it: --checkpoint last and best, and --resume, look into the "
      "checkpoints themselves",
      printable(link), std::strerror(error));
}

void remove_folder(const fs::path& folder) {
  fs::path doomed = folder;
  if (!folder.filename().string().starts_with(kTemporaryPrefix)) {
    doomed = aside_name(folder);
    try_remove_tree(doomed);
    if (rename(folder.c_str(), doomed.c_str()) != 0) {
      log::warning("cannot remove {}: {}", printable(folder), std::strerror(errno));
      return;
    }
  }
  std::error_code code;
  fs::remove_all(doomed, code);
  if (code) log::warning("cannot remove {}: {}", printable(doomed), code.message());
}

}  // namespace hpcai::checkpoint
