#include "hpcai/search/journal.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"

namespace hpcai::search {
namespace {

using Line = nlohmann::ordered_json;

bool is_torn(const std::filesystem::path& path) {
  if (!path_exists(path, ExitCode::cannot_write)) return false;
  const std::string text = read_file(path);
  return !text.empty() && text.back() != '\n';
}

void apply_result(const Line& line, bool failed, Trial& trial) {
  const auto rung = line.at("rung").get<int64_t>();
  if (rung != std::ssize(trial.results)) {
    if (rung >= 0 && rung < std::ssize(trial.results)) return;  // told again
    throw std::out_of_range("a rung is missing");
  }
  RungResult result{.failed = failed};
  if (failed) {
    trial.failure = line.at("reason").get<std::string>();
  } else {
    result.value = line.at("value").get<double>();
    result.finished = line.at("finished").get<bool>();
    trial.epochs = line.value("epochs", int64_t{0});
    trial.steps = line.value("steps", int64_t{0});
  }
  trial.results.push_back(result);
}

void apply_line(const Line& line, std::map<int64_t, Trial>& trials) {
  const auto event = line.at("event").get<std::string>();
  const auto number = line.at("number").get<int64_t>();
  if (number < 0) throw std::out_of_range("a negative number");
  Trial& trial = trials[number];
  if (event == "trial") {
    if (trial.begun) return;
    trial.begun = true;
    trial.parameters = line.at("parameters");
    if (!trial.parameters.is_object()) throw std::out_of_range("parameters are no object");
    trial.given = line.at("given").get<bool>();
  } else if (event == "result" || event == "failed") {
    apply_result(line, event == "failed", trial);
  } else if (event != "paused") {
    throw std::out_of_range("an unknown event");
  }
}

}  // namespace

Journal::Journal(const std::filesystem::path& path) : file_(path) {
  if (!is_torn(path)) return;
  if (const int error = file_.append("\n"); error != 0) fail_to_write("write", path, error);
}

void Journal::append(const Line& line) {
  int error = file_.append(json_text(line) + "\n");
  if (error == 0) error = sync_file(file_.path());
  if (error != 0) fail_to_write("write", file_.path(), error);
}

std::vector<Line> read_journal(const std::filesystem::path& path) {
  std::vector<Line> lines;
  if (!path_exists(path)) return lines;
  const std::string text = read_file(path);
  for (const std::string_view part : split(text, '\n')) {
    auto line = Line::parse(part, nullptr, /*allow_exceptions=*/false);
    if (line.is_object()) lines.push_back(std::move(line));
  }
  return lines;
}

void apply(const std::vector<Line>& lines, const std::filesystem::path& path, std::map<int64_t, Trial>& trials) {
  for (const Line& line : lines) {
    try {
      apply_line(line, trials);
    } catch (const std::exception& e) {
      throw Error(ExitCode::bad_data, fmt::format("{}: {} in {}", printable(path), e.what(), printable(json_text(line))),
                  "Restore the journal of the search, or start a new search in another folder with --out.");
    }
  }
}

}  // namespace hpcai::search
