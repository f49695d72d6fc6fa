#include "hpcai/data/shards.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/hdf5/hdf5_file.h"

namespace hpcai::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDigits = 5;
constexpr std::string_view kOf = "-of-";
constexpr size_t kSuffix = 1 + kDigits + kOf.size() + kDigits;  // -00003-of-00352

struct ShardName {
  fs::path set;  // the name without the shard's part: train.h5
  int64_t index = 0;
  int64_t count = 0;
};

std::optional<int64_t> digits(std::string_view text) {
  if (text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return parse_number<int64_t>(text);
}

// Takes the name of a shard apart; nothing for other names.
std::optional<ShardName> parse(const fs::path& path) {
  const std::string stem = path.stem().string();
  if (stem.size() < kSuffix) return std::nullopt;
  const std::string_view suffix = std::string_view(stem).substr(stem.size() - kSuffix);
  const auto index = digits(suffix.substr(1, kDigits)), count = digits(suffix.substr(kSuffix - kDigits));
  if (suffix.front() != '-' || suffix.substr(1 + kDigits, kOf.size()) != kOf || !index || !count || *index >= *count) {
    return std::nullopt;
  }
  fs::path set = path.parent_path() / stem.substr(0, stem.size() - kSuffix);
  return ShardName{set += path.extension(), *index, *count};
}

}  // namespace

fs::path shard_path(const fs::path& path, int64_t index, int64_t count) {
  if (count == 1) return path;
  fs::path shard = path.parent_path() / path.stem();
  shard += fmt::format("-{:05}{}{:05}", index, kOf, count);
  return shard += path.extension();
}

std::vector<int64_t> other_shard_counts(const fs::path& path, int64_t count) {
  std::set<int64_t> counts;
  std::error_code code;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, code)) {
    const auto shard = parse(entry.path());
    if (shard && shard->set.filename() == path.filename() && shard->count != count) counts.insert(shard->count);
  }
  return {counts.begin(), counts.end()};
}

void refuse_missing_shards(const std::vector<std::string>& names) {
  std::map<std::pair<fs::path, int64_t>, std::set<int64_t>> sets;
  for (const std::string& name : names) {
    if (const auto shard = parse(split_hdf5_name(name).path)) sets[{shard->set, shard->count}].insert(shard->index);
  }
  for (const auto& [set, there] : sets) {
    const auto& [path, count] = set;
    if (static_cast<int64_t>(there.size()) == count) continue;
    int64_t missing = 0;
    while (there.contains(missing)) ++missing;
    throw Error(
        ExitCode::missing_input,
        fmt::format("{} of the {} files of the set {} are missing, such as {}", count - static_cast<int64_t>(there.size()), count,
                    printable(path), printable(shard_path(path, missing, count))),
        "Name all its files, for example by a pattern. A generation that was interrupted is completed by the same command.");
  }
}

}  // namespace hpcai::data
