#include "hpcai/runs/read_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <system_error>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"

namespace hpcai::runs {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxText = size_t{1} << 24;     // bytes of a config or a JSON file of a run
constexpr size_t kMaxMetrics = size_t{1} << 34;  // as runs/metrics_file.cpp
constexpr std::streamoff kTail = 1 << 16;
constexpr std::string_view kStepPrefix = "step-";

bool is_there(const fs::path& path) {
  std::error_code code;
  return fs::exists(path, code);
}

// Returns nothing, and adds a fault, if the file cannot be read; without a fault if it does not exist.
std::optional<std::string> text_of(const fs::path& file, std::vector<std::string>& faults, size_t limit = kMaxText) {
  if (!is_there(file)) return std::nullopt;
  try {
    return read_file(file, limit);
  } catch (const Error& error) {
    faults.emplace_back(error.what());
    return std::nullopt;
  }
}

Settings settings_of(const fs::path& run, std::vector<std::string>& faults) {
  const auto text = text_of(run / "config.yaml", faults);
  if (!text) return {};
  std::optional<std::string> damage;
  Settings settings = parse_settings(*text, damage);
  if (damage) faults.push_back("config.yaml: " + *damage);
  return settings;
}

void refuse_other_folder(const fs::path& folder) {
  if (!is_folder(folder)) {
    throw Error(ExitCode::missing_input, fmt::format("{} is not a folder", printable(folder)),
                "Give the folder of a run, such as runs/waveform-quickstart.");
  }
  for (const char* name : {"status.json", "summary.json", "config.yaml", "metrics.jsonl", "checkpoints"}) {
    if (is_there(folder / name)) return;
  }
  throw Error(ExitCode::missing_input, fmt::format("{} holds no run", printable(folder)),
              "`hpcai-train runs list FOLDER` lists the runs in a folder.");
}

// As checkpoint::step_of(), whose library loads LibTorch.
std::optional<int64_t> step_of(const std::string& name) {
  if (!name.starts_with(kStepPrefix)) return std::nullopt;
  return parse_number<int64_t>(std::string_view(name).substr(kStepPrefix.size()));
}

}  // namespace

fs::path named_path(const fs::path& folder) {
  const fs::path path = folder.has_filename() ? folder : folder.parent_path();  // "run/" and "run" are the same folder
  if (path.filename() != "." && path.filename() != "..") return path;
  std::error_code code;
  const fs::path real = fs::canonical(path, code);  // "link/.." is the parent of what the link leads to
  return code ? path : real;
}

std::string Run::name() const { return named_path(path).filename().string(); }

nlohmann::json read_object(const fs::path& file, std::vector<std::string>& faults) {
  const auto text = text_of(file, faults);
  if (!text) return nlohmann::json::object();
  auto json = try_parse_json(*text);
  if (json.is_object()) return json;
  faults.push_back(file.filename().string() + " is no JSON object");
  return nlohmann::json::object();
}

Run read_run(const fs::path& folder, const RunParts& parts) {
  refuse_other_folder(folder);
  Run run{.path = folder.has_filename() ? folder : folder.parent_path(), .state = {}, .settings = {}};
  run.status = read_object(folder / "status.json", run.faults);
  run.summary = read_object(folder / "summary.json", run.faults);
  run.state = state_of(run.status, run.summary);
  if (parts.environment) run.environment = read_object(folder / "environment.json", run.faults);
  if (parts.settings) run.settings = settings_of(folder, run.faults);
  if (parts.last_evaluation && run.summary.empty()) run.last_evaluation = last_evaluation(folder);
  if (!is_there(folder / "config.yaml")) run.faults.emplace_back("config.yaml is missing");
  return run;
}

std::vector<nlohmann::json> read_metrics(const fs::path& run, std::vector<std::string>& faults) {
  std::vector<nlohmann::json> lines;
  const auto text = text_of(run / "metrics.jsonl", faults, kMaxMetrics);
  if (!text) return lines;
  int64_t damaged = 0;
  for (size_t begin = 0; begin < text->size();) {
    const size_t end = text->find('\n', begin);
    if (end == std::string::npos) break;  // the line is being written
    auto line = try_parse_json(std::string_view(*text).substr(begin, end - begin));
    line.is_object() ? lines.push_back(std::move(line)) : void(++damaged);
    begin = end + 1;
  }
  if (damaged > 0)
    faults.push_back(
        fmt::format("metrics.jsonl: {} no {}", plural(damaged, "line is", "lines are"), plural_noun(damaged, "JSON object")));
  return lines;
}

std::optional<nlohmann::json> last_evaluation(const fs::path& run) {
  std::ifstream in(run / "metrics.jsonl", std::ios::binary | std::ios::ate);
  if (!in) return std::nullopt;
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(0, size - kTail));
  std::string tail(static_cast<size_t>(std::min(size, kTail)), '\0');
  in.read(tail.data(), static_cast<std::streamsize>(tail.size()));
  const auto lines = split(tail, '\n');
  for (size_t i = lines.size(); i-- > 0;) {
    if (lines[i].find("\"evaluation\"") == std::string_view::npos) continue;
    auto line = try_parse_json(lines[i]);
    if (line.is_object() && line.value("event", nlohmann::json()) == "evaluation") return line;
  }
  return std::nullopt;
}

std::vector<SavedStep> saved_steps(const fs::path& run) {
  std::vector<SavedStep> saved;
  for (const fs::path& entry : list_folder(run / "checkpoints")) {
    const auto step = step_of(entry.filename().string());
    if (!step) continue;
    std::vector<std::string> ignored;
    saved.push_back({*step, entry, read_object(entry / "manifest.json", ignored)});
  }
  std::ranges::sort(saved, {}, &SavedStep::step);
  return saved;
}

nlohmann::json data_of(const Run& run) {
  const auto recorded = run.environment.find("data");
  if (recorded != run.environment.end() && recorded->is_object()) return *recorded;
  const auto saved = saved_steps(run.path);
  if (saved.empty()) return nlohmann::json::object();
  std::vector<std::string> ignored;
  const auto card = read_object(saved.back().path / "state.json", ignored).value("card", nlohmann::json::object());
  const auto data = card.is_object() ? card.value("data", nlohmann::json::object()) : nlohmann::json::object();
  return data.is_object() ? data : nlohmann::json::object();
}

}  // namespace hpcai::runs
