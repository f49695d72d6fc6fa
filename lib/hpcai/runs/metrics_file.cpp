#include "hpcai/runs/metrics_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"

namespace hpcai::runs {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, int error) {
  throw Error(ExitCode::cannot_write, fmt::format("cannot write {}: {}", path.string(), std::strerror(error)),
              "Check the space and the permissions there, or choose another place with --run-dir.");
}

// The complete lines up to `step`. A line without its end was torn by a crash.
std::string lines_until(const std::filesystem::path& path, const std::string& text, int64_t step) {
  std::string kept;
  int64_t number = 0;
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    ++number;
    const auto line = nlohmann::json::parse(text.begin() + begin, text.begin() + end, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object()) {
      throw Error(ExitCode::bad_data, fmt::format("{}, line {}: not a JSON object", path.string(), number),
                  "Repair or remove the file, then resume.");
    }
    const auto at = line.find("step");
    if (at == line.end() || !at->is_number() || at->get<int64_t>() <= step) kept.append(text, begin, end + 1 - begin);
  }
  return kept;
}

}  // namespace

MetricsFile::MetricsFile(std::filesystem::path path, std::optional<int64_t> resume_step) : path_(std::move(path)) {
  if (resume_step && std::filesystem::exists(path_)) {
    const std::string text = read_file(path_, size_t{1} << 34);
    const std::string kept = lines_until(path_, text, *resume_step);
    if (kept.size() != text.size()) replace_file(path_, kept);
  }
  fd_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0) fail(path_, errno);
}

MetricsFile::~MetricsFile() { close(fd_); }

void MetricsFile::write(const nlohmann::json& line) {
  const std::string text = line.dump() + '\n';
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t written = ::write(fd_, left.data(), left.size());
    if (written < 0 && errno != EINTR) fail(path_, errno);
    if (written > 0) left.remove_prefix(static_cast<size_t>(written));
  }
}

void MetricsFile::sync() {
  if (fsync(fd_) != 0 && errno != EINVAL) fail(path_, errno);  // EINVAL: not a file that can be synced, as a pipe
}

}  // namespace hpcai::runs
