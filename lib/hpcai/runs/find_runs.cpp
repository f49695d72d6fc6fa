#include "hpcai/runs/find_runs.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <system_error>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/parallel.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"

namespace hpcai::runs {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 16;  // folders below a given one

class Finder {
 public:
  std::vector<fs::path> runs;

  void search(const fs::path& folder, int depth) {
    if (!is_new(folder)) return;
    std::error_code code;
    std::set<std::string> names;
    std::vector<fs::path> folders;
    for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
      std::error_code ignored;
      std::string name = entry->path().filename().string();
      const bool descends = name != "checkpoints" && name != "figures" && !name.starts_with('.');
      if (descends && entry->is_directory(ignored)) folders.push_back(entry->path());
      names.insert(std::move(name));
    }
    if (code) log::warning("cannot read {}: {}", printable(folder), code.message());
    if (is_run(names)) runs.push_back(folder);
    if (depth == kDeepest) return;
    for (const fs::path& inner : folders) search(inner, depth + 1);
  }

 private:
  // A config.yaml alone may be the user's. The folder of a self-training holds the runs of its rounds and is no run itself.
  static bool is_run(const std::set<std::string>& names) {
    const auto has = [&](const char* name) { return names.contains(name); };
    return has("status.json") || (has("config.yaml") && (has("summary.json") || has("metrics.jsonl") || has("checkpoints")));
  }

  // A link may lead to a folder around it.
  bool is_new(const fs::path& folder) {
    struct stat of {};
    return stat(folder.c_str(), &of) != 0 || seen_.insert({of.st_dev, of.st_ino}).second;
  }

  std::set<std::pair<dev_t, ino_t>> seen_;
};

}  // namespace

std::vector<fs::path> find_runs(const std::vector<fs::path>& folders) {
  Finder finder;
  for (const fs::path& folder : folders) {
    if (!is_folder(folder)) {
      throw Error(ExitCode::missing_input, fmt::format("{} is not a folder", printable(folder)),
                  "Give folders that hold runs, or start the program where runs/ is.");
    }
    finder.search(folder, 0);
  }
  std::ranges::sort(finder.runs);
  return std::move(finder.runs);
}

std::vector<Run> read_runs(const std::vector<fs::path>& folders, const RunParts& parts) {
  std::vector<std::optional<Run>> all(folders.size());
  parallel_for(static_cast<int64_t>(folders.size()), 0, [&](int64_t i) {
    try {
      all[static_cast<size_t>(i)] = read_run(folders[static_cast<size_t>(i)], parts);
    } catch (const Error& error) {
      if (error.code() != ExitCode::missing_input) throw;
    }
  });
  std::vector<Run> runs;
  for (auto& run : all) {
    if (run) runs.push_back(std::move(*run));
  }
  return runs;
}

}  // namespace hpcai::runs
