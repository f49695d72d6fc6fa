#include "hpcai/core/lock_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"

namespace hpcai {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int kAttempts = 5;

std::string line_of(const char* file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// Returns the start time of a process, the 22nd field of /proc/<process>/stat; empty if there is no such process. The second
// field, a name in brackets, may hold blanks.
std::string start_of(int64_t process) {
  const std::string line = line_of(fmt::format("/proc/{}/stat", process).c_str());
  const size_t name_end = line.rfind(") ");
  if (name_end == std::string::npos) return "";
  const auto fields = split(std::string_view(line).substr(name_end + 2), ' ');
  return fields.size() > 19 ? std::string(fields[19]) : "";
}

std::string to_text(const LockOwner& owner) {
  return json_text(nlohmann::json{{"host", owner.host},
                                  {"process", owner.process},
                                  {"started", owner.started},
                                  {"boot", owner.boot},
                                  {"pid_namespace", owner.pid_namespace}}) +
         "\n";
}

// Returns the owner that the file names; nothing if the file is incomplete or damaged.
std::optional<LockOwner> read_owner(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  try {
    const auto json = parse_json(text);
    return LockOwner{json.at("host"), json.at("boot"), json.at("pid_namespace"), json.at("process"), json.at("started")};
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

std::optional<timespec> touched(const fs::path& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? std::optional(status.st_mtim) : std::nullopt;
}

// Returns the age of the file. The clock is that of the file system, which may run on another host.
std::chrono::duration<double> age_of(const fs::path& path, const fs::path& probe) {
  const int descriptor = open(probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) return 0s;
  futimens(descriptor, nullptr);
  close(descriptor);
  const auto now = touched(probe), then = touched(path);
  unlink(probe.c_str());
  if (!now || !then) return 0s;
  return std::chrono::duration<double>(static_cast<double>(now->tv_sec - then->tv_sec) +
                                       1e-9 * static_cast<double>(now->tv_nsec - then->tv_nsec));
}

}  // namespace

LockOwner LockOwner::self() {
  std::array<char, 256> host{}, space{};
  gethostname(host.data(), host.size() - 1);
  if (readlink("/proc/self/ns/pid", space.data(), space.size() - 1) < 0) space[0] = '\0';
  return {host.data(), line_of("/proc/sys/kernel/random/boot_id"), space.data(), getpid(), start_of(getpid())};
}

LockFile::LockFile(fs::path path, Timing timing) : path_(std::move(path)), timing_(timing), self_(LockOwner::self()) {
  for (int attempt = 0; !create(); ++attempt) {
    const auto owner = read_owner(path_);
    if (attempt == kAttempts || !is_stale(owner)) throw Held{owner};
    take_over(owner);
  }
  // Two programs may have taken over a stale file at the same moment, and each may have seen its own file. After this pause only
  // one of the files exists.
  std::this_thread::sleep_for(100ms);
  const auto owner = read_owner(path_);
  if (owner != self_) throw Held{owner};
  // The main thread handles all signals.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  beats_ = std::thread([this] { keep_alive(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

LockFile::~LockFile() {
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
  }
  end_.notify_all();
  beats_.join();
  if (read_owner(path_) == self_) unlink(path_.c_str());
}

// Creates the file with this program's owner. Returns false if the file exists.
bool LockFile::create() {
  const int descriptor = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0 && errno == EEXIST) return false;
  if (descriptor < 0) throw std::system_error(errno, std::generic_category());
  const std::string text = to_text(self_);
  const bool whole = write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = whole ? 0 : errno;
  if (close(descriptor) == 0 && whole) return true;
  unlink(path_.c_str());
  throw std::system_error(error != 0 ? error : EIO, std::generic_category());
}

bool LockFile::is_stale(const std::optional<LockOwner>& owner) {
  if (owner && !self_.boot.empty() && owner->boot == self_.boot && owner->pid_namespace == self_.pid_namespace) {
    return start_of(owner->process) != owner->started;
  }
  fs::path probe = path_;
  probe += fmt::format(".probe-{}-{}", self_.host, self_.process);
  const auto age = age_of(path_, probe);
  if (age >= timing_.silence) return true;
  log::info("{} is there, of {}: waiting whether it is still in use", printable(path_),
            owner ? fmt::format("process {} on {}", owner->process, printable(owner->host)) : "an unknown program");
  const auto before = touched(path_);
  const auto end = Clock::now() + timing_.silence - std::chrono::duration_cast<Clock::duration>(std::max(age, decltype(age)(0)));
  while (Clock::now() < end) {
    std::this_thread::sleep_for(std::min<std::chrono::milliseconds>(timing_.beat / 4, 500ms));
    const auto now = touched(path_);
    if (!now) return true;  // the owner has removed the file
    if (!before || now->tv_sec != before->tv_sec || now->tv_nsec != before->tv_nsec) return false;
  }
  return true;
}

// Removes a stale file. Another program may do the same at the same time. The one that renames the stale file continues; one that
// has renamed a fresh file instead renames it back.
void LockFile::take_over(const std::optional<LockOwner>& stale) {
  fs::path aside = path_;
  aside += fmt::format(".stale-{}-{}", self_.host, self_.process);
  if (rename(path_.c_str(), aside.c_str()) != 0) return;
  const auto taken = read_owner(aside);
  if (taken != stale) {
    rename(aside.c_str(), path_.c_str());
    throw Held{taken};
  }
  unlink(aside.c_str());
}

void LockFile::keep_alive() {
  bool reported = false;
  std::unique_lock lock(mutex_);
  while (!end_.wait_for(lock, timing_.beat, [&] { return ended_; })) {
    const auto owner = read_owner(path_);
    if (owner && *owner != self_ && !std::exchange(reported, true)) {
      log::error("{} was taken over by process {} on {}: two programs write into this folder", printable(path_), owner->process,
                 printable(owner->host));
    }
    if (owner == self_) utimensat(AT_FDCWD, path_.c_str(), nullptr, 0);
  }
}

}  // namespace hpcai
