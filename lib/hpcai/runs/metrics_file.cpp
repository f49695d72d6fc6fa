#include "hpcai/runs/metrics_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hpcai/core/attempts.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"

namespace hpcai::runs {
namespace {

constexpr size_t kMostNamed = 8;  // numbers of damaged lines in a message
constexpr size_t kLargest = size_t{1} << 34;

struct Lines {
  std::string kept;
  std::vector<int64_t> damaged;  // their numbers, from 1
};

bool is_after(const nlohmann::json& line, int64_t step) {
  const auto at = line.find("step");
  return at != line.end() && at->is_number_integer() && at->get<int64_t>() > step;
}

// Sorts out the lines after `step` and those that are no complete JSON objects.
Lines lines_until(const std::string& text, int64_t step) {
  Lines lines;
  int64_t number = 1;
  for (size_t begin = 0; begin < text.size(); ++number) {
    const size_t end = text.find('\n', begin);
    const bool complete = end != std::string::npos;
    const size_t next = complete ? end + 1 : text.size();
    const auto line = try_parse_json(std::string_view(text).substr(begin, next - begin));
    if (!complete || !line.is_object()) {
      lines.damaged.push_back(number);
    } else if (!is_after(line, step)) {
      lines.kept.append(text, begin, next - begin);
    }
    begin = next;
  }
  return lines;
}

int64_t number_of(const nlohmann::json& line) { return line.value("step", int64_t{-1}); }

// The lines from the last one back to the first of `step`.
std::vector<nlohmann::json> newest_lines(std::string_view text, int64_t step) {
  std::vector<nlohmann::json> lines;
  while (!text.empty()) {
    const size_t begin = text.substr(0, text.size() - 1).rfind('\n') + 1;  // 0 for the first line
    auto line = try_parse_json(text.substr(begin));
    if (!line.is_object() || number_of(line) < step) break;
    lines.push_back(std::move(line));
    text = text.substr(0, begin);
  }
  return lines;
}

void warn_of_damage(const std::filesystem::path& path, const std::vector<int64_t>& damaged) {
  const std::span<const int64_t> shown(damaged.data(), std::min(damaged.size(), kMostNamed));
  log::warning("{}: {} damaged, probably by a crash, and removed ({} {}{})", printable(path),
               damaged.size() == 1 ? "1 line is" : fmt::format("{} lines are", damaged.size()),
               plural_noun(std::ssize(damaged), "line"), fmt::join(shown, ", "), damaged.size() > kMostNamed ? ", ..." : "");
}

// Removes what MetricsFile() promises to remove. Returns the path itself.
std::filesystem::path cut(std::filesystem::path path, std::optional<int64_t> resume_step) {
  if (!is_plain_file(path, ExitCode::cannot_write)) return path;
  if (!resume_step) {
    replace_file(path, "");
    return path;
  }
  const std::string text = read_file(path, kLargest);
  const Lines lines = lines_until(text, *resume_step);
  if (!lines.damaged.empty()) warn_of_damage(path, lines.damaged);
  if (lines.kept.size() != text.size()) replace_file(path, lines.kept);
  return path;
}

}  // namespace

MetricsFile::MetricsFile(std::filesystem::path path, std::optional<int64_t> resume_step)
    : file_(cut(std::move(path), resume_step)) {}

void MetricsFile::write(const nlohmann::json& line) { report(file_.append(json_text(line) + '\n')); }

void MetricsFile::add_missing(const nlohmann::json& lines) {
  if (lines.empty() || !is_plain_file(file_.path(), ExitCode::cannot_write)) return;
  const std::vector<nlohmann::json> there = newest_lines(read_file(file_.path(), kLargest), number_of(lines.front()));
  for (const nlohmann::json& line : lines) {
    const auto is_same = [&](const nlohmann::json& other) {
      return other.value("event", "") == line.value("event", "") && number_of(other) == number_of(line);
    };
    if (std::none_of(there.begin(), there.end(), is_same)) write(line);
  }
}

void MetricsFile::report(int error) {
  if (error != 0 && !failing_) {
    log::warning("cannot write {}: {}. Its lines wait in memory", printable(file_.path()), std::strerror(error));
  }
  if (error == 0 && failing_) log::info("{} is complete again", printable(file_.path()));
  failing_ = error != 0;
}

void MetricsFile::finish() {
  const int error = attempt([&] { return file_.flush(); });
  report(error);
  if (error != 0) fail_to_write("write the last lines of", file_.path(), error);
  if (file_.lost() > 0) {
    throw Error(ExitCode::cannot_write, fmt::format("{} lines of {} are lost: the file could not be written for too long",
                                                    file_.lost(), printable(file_.path())));
  }
}

}  // namespace hpcai::runs
