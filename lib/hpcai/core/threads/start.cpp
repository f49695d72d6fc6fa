#include "hpcai/core/threads/start.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "hpcai/core/threads/cgroup.h"

namespace hpcai {
namespace {

// Returns the least pids.max between this process's cgroup and the root, and its file; nothing if there is no limit.
std::optional<std::pair<int64_t, std::string>> least_pids_max(const std::filesystem::path& root) {
  std::optional<std::pair<int64_t, std::string>> least;
  for (const auto& folder : cgroup_folders("pids", root)) {
    const std::string line = first_line_of(folder / "pids.max");
    if (line.empty() || line.find_first_not_of("0123456789") != std::string::npos || line.size() > 18) continue;  // "max"
    const int64_t limit = std::stoll(line);
    if (!least || limit < least->first) least = {limit, (folder / "pids.max").string()};
  }
  return least;
}

std::string limits_in_words(const std::filesystem::path& root) {
  rlimit user{};
  std::string words = "ulimit -u is unlimited";
  if (getrlimit(RLIMIT_NPROC, &user) == 0 && user.rlim_cur != RLIM_INFINITY)
    words = fmt::format("ulimit -u is {}", user.rlim_cur);
  if (const auto pids = least_pids_max(root)) return fmt::format("{}, pids.max is {} ({})", words, pids->first, pids->second);
  return words + ", no cgroup sets pids.max";
}

}  // namespace

LocalError process_limit(const std::string& what, const std::filesystem::path& root) {
  return {ExitCode::usage,
          fmt::format("{}: the limit of processes and threads is reached ({}); all programs of one user count", what,
                      limits_in_words(root)),
          "Lower training.threads, loader.threads or --nproc, end other programs, or raise the limit."};
}

std::thread start_thread(const std::string& purpose, std::function<void()> body) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error& e) {
    if (e.code() != std::errc::resource_unavailable_try_again) throw;
    throw process_limit("cannot start a thread " + purpose);
  }
}

void require_threads(int count, const std::string& what) {
  std::mutex mutex;
  std::condition_variable over;
  bool end = false;
  std::vector<std::thread> threads;
  bool refused = false;
  try {
    for (int i = 0; i < count; ++i) {
      threads.emplace_back([&] {
        std::unique_lock lock(mutex);
        over.wait(lock, [&] { return end; });
      });
    }
  } catch (const std::system_error&) {
    refused = true;
  }
  {
    std::lock_guard lock(mutex);
    end = true;
  }
  over.notify_all();
  for (std::thread& thread : threads) thread.join();
  if (refused) throw process_limit(what);
}

}  // namespace hpcai
