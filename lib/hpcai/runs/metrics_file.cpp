#include "hpcai/runs/metrics_file.h"

#include <fmt/format.h>

#include <cstring>
#include <string>
#include <utility>

#include "hpcai/core/attempts.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"

namespace hpcai::runs {
namespace {

// Returns the complete lines up to `step`. A crash may have cut the last line short.
std::string lines_until(const std::filesystem::path& path, const std::string& text, int64_t step) {
  std::string kept;
  int64_t number = 0;
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    ++number;
    const auto line = nlohmann::json::parse(text.begin() + begin, text.begin() + end, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object()) {
      throw Error(ExitCode::bad_data, fmt::format("{}, line {}: not a JSON object", printable(path), number),
                  "Repair or remove the file, then resume.");
    }
    const auto at = line.find("step");
    if (at == line.end() || !at->is_number() || at->get<int64_t>() <= step) kept.append(text, begin, end + 1 - begin);
  }
  return kept;
}

// Removes the lines after `resume_step` from the file. Returns the path itself.
std::filesystem::path cut(std::filesystem::path path, std::optional<int64_t> resume_step) {
  if (resume_step && path_exists(path)) {
    const std::string text = read_file(path, size_t{1} << 34);
    const std::string kept = lines_until(path, text, *resume_step);
    if (kept.size() != text.size()) replace_file(path, kept);
  }
  return path;
}

}  // namespace

MetricsFile::MetricsFile(std::filesystem::path path, std::optional<int64_t> resume_step)
    : file_(cut(std::move(path), resume_step)) {}

void MetricsFile::write(const nlohmann::json& line) { report(file_.append(json_text(line) + '\n')); }

void MetricsFile::sync() { report(file_.sync()); }

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
