#include "hpcai/core/paths.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/attempts.h"
#include "hpcai/core/text.h"

namespace hpcai {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* action, const fs::path& path, const std::error_code& reason, ExitCode code) {
  throw Error(code, fmt::format("cannot {} {}: {}", action, printable(path), reason.message()),
              code == ExitCode::cannot_write ? "Check the path and the permissions, or choose another place."
                                             : "Check the path and the permissions on it.");
}

fs::file_type type_of(const fs::path& path, ExitCode code) {
  std::error_code reason;
  fs::file_type type = fs::file_type::none;
  attempt([&] {
    type = fs::status(path, reason).type();
    return reason.value();
  });
  if (type == fs::file_type::not_found) return type;  // also if a part of the path is not a folder
  if (reason || type == fs::file_type::none) fail("look at", path, reason, code);
  return type;
}

}  // namespace

bool path_exists(const fs::path& path, ExitCode code) { return type_of(path, code) != fs::file_type::not_found; }

bool is_folder(const fs::path& path, ExitCode code) { return type_of(path, code) == fs::file_type::directory; }

bool is_plain_file(const fs::path& path, ExitCode code) { return type_of(path, code) == fs::file_type::regular; }

std::vector<fs::path> list_folder(const fs::path& path, ExitCode code) {
  std::vector<fs::path> entries;
  std::error_code reason;
  attempt([&] {
    entries.clear();
    for (fs::directory_iterator entry(path, reason), end; !reason && entry != end; entry.increment(reason)) {
      entries.push_back(entry->path());
    }
    return reason.value();
  });
  if (reason && reason != std::errc::no_such_file_or_directory && reason != std::errc::not_a_directory) {
    fail("list the folder", path, reason, code);
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

fs::path absolute_path(const fs::path& path) {
  std::error_code reason;
  const fs::path absolute = fs::absolute(path, reason);
  if (reason) fail("find the folder that the program was started in, for", path, reason, ExitCode::missing_input);
  return absolute.lexically_normal();
}

fs::path relative_path(const fs::path& path, const fs::path& base) {
  std::error_code reason;
  const fs::path relative = fs::relative(path, base, reason);
  if (reason) fail("look at", path, reason, ExitCode::missing_input);
  return relative;
}

void remove_tree(const fs::path& path) {
  std::error_code reason;
  fs::remove_all(path, reason);
  if (reason) fail("remove", path, reason, ExitCode::cannot_write);
}

bool try_remove_tree(const fs::path& path) noexcept {
  std::error_code reason;
  fs::remove_all(path, reason);
  return !reason;
}

}  // namespace hpcai
