#include "hpcai/core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai {
namespace {

constexpr const char* kPathRemedy = "Check the path; relative paths start where the program was started.";

std::string remedy_for(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT: return "Free some space there, or choose another place with --run-dir.";
    case EACCES:
    case EPERM:
    case EROFS: return "Check the permissions, or choose another place with --run-dir.";
    default: return "";
  }
}

[[noreturn]] void fail(const std::string& action, const std::filesystem::path& path, int error) {
  throw Error(ExitCode::cannot_write, fmt::format("cannot {} {}: {}", action, printable(path), std::strerror(error)),
              remedy_for(error));
}

}  // namespace

std::string read_file(const std::filesystem::path& path, size_t limit) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) {
    throw Error(ExitCode::missing_input, fmt::format("{} is a folder, not a file", printable(path)), kPathRemedy);
  }
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw Error(ExitCode::missing_input, fmt::format("cannot read {}: {}", printable(path), std::strerror(errno)), kPathRemedy);
  std::string content;
  char buffer[1 << 16];
  while (in.read(buffer, sizeof buffer) || in.gcount() > 0) {
    content.append(buffer, static_cast<size_t>(in.gcount()));
    if (content.size() > limit) {
      throw Error(ExitCode::bad_data, fmt::format("{} is larger than the allowed {} bytes", printable(path), limit));
    }
  }
  return content;
}

void write_file(const std::filesystem::path& path, std::string_view content) { write_file(path, std::vector{content}); }

void write_file(const std::filesystem::path& path, const std::vector<std::string_view>& pieces) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) fail("create", path, errno);
  struct stat status {};
  const bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);  // not a device or pipe
  int error = 0;
  for (std::string_view left : pieces) {
    while (!left.empty() && error == 0) {
      const ssize_t written = ::write(fd, left.data(), left.size());
      if (written >= 0) {
        left.remove_prefix(static_cast<size_t>(written));
      } else if (errno != EINTR) {
        error = errno;
      }
    }
  }
  if (error == 0 && regular && fsync(fd) != 0) error = errno;
  if (close(fd) != 0 && error == 0) error = errno;
  if (error != 0) {
    if (regular) unlink(path.c_str());
    fail("write", path, error);
  }
}

void require_replaceable(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const auto refuse = [&](const std::string& why) {
    throw Error(ExitCode::cannot_write, fmt::format("cannot write {}: {}", printable(path), why),
                "Name a file in a folder that exists and is yours.");
  };
  if (std::filesystem::is_directory(path)) refuse("it is a folder");
  if (!std::filesystem::is_directory(folder)) refuse(fmt::format("there is no folder {}", printable(folder)));
  if (access(folder.c_str(), W_OK) != 0) refuse(std::strerror(errno));
}

void replace_file(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::path temporary = path;
  temporary += fmt::format(".tmp-{}", getpid());
  write_file(temporary, content);
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    unlink(temporary.c_str());
    fail("replace", path, error);
  }
  sync_folder(path.has_parent_path() ? path.parent_path() : std::filesystem::path("."));
}

void make_folder(const std::filesystem::path& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) fail("create the folder", path, code.value());
}

void sync_folder(const std::filesystem::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail("open the folder", path, errno);
  fsync(fd);  // some file systems refuse it for folders; there is nothing better to do then
  close(fd);
}

}  // namespace hpcai
