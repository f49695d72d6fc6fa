#include "hpcai/core/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "hpcai/core/attempts.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/folder_lock.h"
#include "hpcai/core/text.h"
#include "hpcai/core/write_attempt.h"

namespace hpcai {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // as the kernel

struct Output {
  const fs::path& path;
  const std::string& option;

  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ExitCode::cannot_write, fmt::format("cannot write {}: {}", printable(path), why),
                fmt::format("Give {} the name of a file, in a folder that exists.", option));
  }

  [[noreturn]] void fail(const std::string& action, int error) const {
    throw Error(ExitCode::cannot_write, fmt::format("cannot {} {}: {}", action, printable(path), std::strerror(error)),
                write_remedy(error, option));
  }
};

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

// Calls stat or lstat. Returns 0 or the errno.
int look_at(int (*look)(const char*, struct stat*), const fs::path& path, struct stat& status) {
  return attempt([&] { return look(path.c_str(), &status) == 0 ? 0 : errno; });
}

void require_regular(const Output& output, mode_t mode) {
  if (S_ISREG(mode)) return;
  const char* kind = S_ISDIR(mode) ? "folder" : S_ISFIFO(mode) ? "named pipe" : S_ISSOCK(mode) ? "socket" : "device";
  output.refuse(fmt::format("it is a {}, not a file", kind));
}

// The path that the links at the end of output.path lead to. Nothing need exist there.
fs::path follow_links(const Output& output) {
  fs::path path = output.path;
  for (int links = 0; links < kMostLinks; ++links) {
    struct stat status {};
    const int error = look_at(lstat, path, status);
    if (error == ENOENT || (error == 0 && !S_ISLNK(status.st_mode))) return path;
    if (error != 0) output.fail("write", error);
    std::error_code code;
    const fs::path next = fs::read_symlink(path, code);
    if (code) output.fail("write", code.value());
    path = folder_of(path) / next;  // next alone, if it is absolute
  }
  output.fail("write", ELOOP);
}

// The regular file to replace, or the path of a new file.
fs::path target_of(const Output& output) {
  struct stat status {};
  const int error = look_at(stat, output.path, status);
  if (error == 0) require_regular(output, status.st_mode);
  if (error != 0 && error != ENOENT) output.fail("write", error);
  const fs::path target = follow_links(output);
  const fs::path folder = folder_of(target);
  const int missing = look_at(stat, folder, status);
  if (missing == ENOENT) output.refuse(fmt::format("there is no folder {}", printable(folder)));
  if (missing != 0) output.fail("write", missing);
  if (target.filename().empty()) output.refuse("the name of the file is missing");
  return target;
}

constexpr std::string_view kTemporary = ".tmp-";  // then the number of the process

fs::path temporary_beside(fs::path target) { return target += fmt::format("{}{}", kTemporary, getpid()); }

bool is_temporary_of(const std::string& target, const std::string& name) {
  const size_t prefix = target.size() + kTemporary.size();
  return name.size() > prefix && name.starts_with(target) && name.compare(target.size(), kTemporary.size(), kTemporary) == 0 &&
         name.find_first_not_of("0123456789", prefix) == std::string::npos;
}

// Removes the file unless a process holds a lock on it.
void remove_unlocked(const fs::path& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) return;
  if (try_lock(descriptor) == 0) unlink(path.c_str());
  close(descriptor);
}

bool is_same_file(const fs::path& one, const fs::path& other) {
  std::error_code code;
  return fs::equivalent(one, other, code) && !code;
}

}  // namespace

OutputFile::OutputFile(const fs::path& path, std::string option)
    : path_(path), option_(std::move(option)), target_(target_of({path_, option_})), temporary_(temporary_beside(target_)) {
  open_temporary(O_CREAT | O_TRUNC);
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

void OutputFile::reopen() {
  close(std::exchange(descriptor_, -1));
  open_temporary(0);
}

void OutputFile::open_temporary(int flags) {
  const int error = attempt([&] {
    descriptor_ = open(temporary().c_str(), O_RDWR | O_CLOEXEC | flags, 0666);
    return descriptor_ >= 0 ? 0 : errno;
  });
  if (error != 0) fail("write", error);
  static_cast<void>(try_lock(descriptor_));  // for remove_abandoned()
}

void OutputFile::write(std::string_view content) {
  if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
  const WriteFailure failure = try_to_write(temporary(), {content});
  if (failure.error != 0) fail("write", failure.error);
}

void OutputFile::publish() {
  if (descriptor_ >= 0) {
    const int error = sync_descriptor(descriptor_, path_);
    if (error != 0) fail("write", error);
    if (close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) fail("write", errno);
  }
  const int error = attempt([&] { return rename(temporary().c_str(), target_.c_str()) == 0 ? 0 : errno; });
  if (error != 0) fail("create", error);
  sync_folder(folder_of(target_));
}

void OutputFile::fail(const std::string& action, int error) const { Output{path_, option_}.fail(action, error); }

void write_output(const fs::path& path, std::string_view content, const std::string& option) {
  OutputFile file(path, option);
  file.write(content);
  file.publish();
}

void remove_abandoned(const fs::path& path) {
  const fs::path target = target_of({path, "--out"});
  std::error_code code;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_of(target), code)) {
    if (is_temporary_of(target.filename().string(), entry.path().filename().string())) remove_unlocked(entry.path());
  }
}

void require_output(const fs::path& path, const std::string& option, const std::vector<fs::path>& inputs) {
  for (const fs::path& input : inputs) {
    if (!is_same_file(path, input)) continue;
    throw Error(ExitCode::usage,
                fmt::format("{} {} would replace {}, which this command reads", option, printable(path), printable(input)),
                fmt::format("Give {} another name.", option));
  }
  OutputFile trial(path, option);
}

}  // namespace hpcai
