#include "hpcai/checkpoint/checkpoints.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "hpcai/checkpoint/manifest.h"
#include "hpcai/checkpoint/publish.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/log.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/text.h"
#include "hpcai/core/version.h"

namespace hpcai::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStepPrefix = "step-";

std::string step_name(int64_t step) { return fmt::format("{}{:08d}", kStepPrefix, step); }

std::optional<int64_t> step_of(const std::string& name) {
  if (!name.starts_with(kStepPrefix)) return std::nullopt;
  const auto step = parse_number<int64_t>(std::string_view(name).substr(kStepPrefix.size()));
  return step && step_name(*step) == name ? step : std::nullopt;
}

// Writes one file of a checkpoint and records what it must be on disk.
void put(const fs::path& folder, const char* name, const std::vector<std::string_view>& pieces, Manifest& manifest) {
  write_file(folder / name, pieces);
  Sha256 hash;
  FileRecord record;
  for (const auto& piece : pieces) {
    hash.update(piece);
    record.size += piece.size();
  }
  record.sha256 = hash.hex();
  manifest.files[name] = record;
}

// JSON would turn them into null without a word, and the run could not go on from there.
void refuse_not_finite(const nlohmann::json& json) {
  if (json.is_number_float() && !std::isfinite(json.get<double>())) {
    throw std::invalid_argument("the training state holds a number that is not finite");
  }
  if (json.is_structured()) {
    for (const auto& value : json) refuse_not_finite(value);
  }
}

void write_all(const fs::path& folder, const TrainingState& state, Manifest manifest) {
  refuse_not_finite(state.state);
  make_folder(folder);
  put(folder, kModelName, SafetensorsImage(state.model).parts(), manifest);
  put(folder, kOptimizerName, SafetensorsImage(state.optimizer).parts(), manifest);
  put(folder, kStateName, {state.state.dump(1)}, manifest);
  write_file(folder / kManifestName, to_text(manifest));
  sync_folder(folder);
}

Loaded load(const fs::path& folder, Parts parts) {
  const Manifest manifest = verify(folder);
  Loaded loaded{.step = manifest.step, .path = folder, .origin = manifest.origin, .program_version = manifest.program_version};
  loaded.state.model = read_safetensors(folder / kModelName);
  if (parts == Parts::all) {
    loaded.state.optimizer = read_safetensors(folder / kOptimizerName);
    loaded.state.state = nlohmann::json::parse(read_file(folder / kStateName));
  }
  return loaded;
}

std::vector<int64_t> steps_in(const fs::path& folder) {
  std::vector<int64_t> steps;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    const auto step = step_of(entry.path().filename().string());
    if (step) steps.push_back(*step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

// What `path` means, as load_checkpoint() promises; empty if there is no checkpoint.
fs::path resolve(const fs::path& path) {
  if (fs::exists(path / kManifestName)) return path;
  const fs::path base = fs::is_directory(path / "checkpoints") ? path / "checkpoints" : path;
  for (const char* link : {"best", "last"}) {
    if (fs::exists(base / link)) return base / link;
    if (fs::is_symlink(base / link)) log::warning("{} points to a checkpoint that is not there", (base / link).string());
  }
  const auto steps = steps_in(base);
  return steps.empty() ? fs::path() : base / step_name(steps.back());
}

}  // namespace

Checkpoints::Checkpoints(fs::path folder, int64_t keep, Origin origin)
    : folder_(std::move(folder)), keep_(std::max<int64_t>(1, keep)), origin_(std::move(origin)) {}

void Checkpoints::prepare() {
  make_folder(folder_);
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.path().filename().string().starts_with(kTemporaryPrefix)) remove_folder(entry.path());
  }
}

void Checkpoints::save(int64_t step, const TrainingState& state) {
  const fs::path temporary = folder_ / fmt::format("{}{}.{}", kTemporaryPrefix, step_name(step), getpid());
  try {
    fs::remove_all(temporary);
    write_all(temporary, state, {.step = step, .origin = origin_, .program_version = kVersion});
    publish(temporary, path_of(step));
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw;
  }
  point("last", step);
  remove_old(step);
}

void Checkpoints::mark_best(int64_t step) { point("best", step); }

void Checkpoints::point(const std::string& link, int64_t step) const {
  if (!fs::exists(path_of(step))) throw std::logic_error(fmt::format("step {} was never saved", step));
  replace_link(folder_ / link, step_name(step));
}

void Checkpoints::remove_old(int64_t newest) const {
  const auto all = steps();
  const int64_t surplus = static_cast<int64_t>(all.size()) - keep_;
  std::error_code code;
  const auto best = step_of(fs::read_symlink(folder_ / "best", code).filename().string());
  std::vector<int64_t> doomed(all.begin(), all.begin() + std::max<int64_t>(0, surplus));
  std::erase_if(doomed, [&](int64_t step) { return step == newest || (best && step == *best); });
  if (doomed.empty()) return;
  try {
    verify(path_of(newest));
  } catch (const Error& e) {
    log::warning("{}: the checkpoint just saved does not read back, so older ones are kept", e.what());
    return;
  }
  for (const int64_t step : doomed) remove_folder(path_of(step));
}

std::optional<Loaded> Checkpoints::load_newest() const {
  std::vector<std::string> skipped;
  const auto all = steps();
  for (auto step = all.rbegin(); step != all.rend(); ++step) {
    try {
      Loaded loaded = load(path_of(*step), Parts::all);
      if (loaded.step != *step)
        throw Error(ExitCode::bad_data, fmt::format("{}: is of step {}", path_of(*step).string(), loaded.step));
      loaded.skipped = skipped;
      return loaded;
    } catch (const Error& e) {
      skipped.push_back(e.what());
    }
  }
  if (skipped.empty()) return std::nullopt;
  throw Error(ExitCode::cannot_resume,
              fmt::format("no checkpoint in {} verifies:\n  {}", folder_.string(), fmt::join(skipped, "\n  ")),
              "Start again in another run folder, or with --resume never.");
}

std::vector<int64_t> Checkpoints::steps() const { return steps_in(folder_); }

fs::path Checkpoints::path_of(int64_t step) const { return folder_ / step_name(step); }

Loaded load_checkpoint(const fs::path& path, Parts parts) {
  std::error_code code;
  const fs::path folder = fs::exists(path, code) ? resolve(path) : fs::path();
  if (folder.empty()) {
    throw Error(ExitCode::missing_input, fmt::format("there is no checkpoint at {}", path.string()),
                "Give a run folder, or one of the folders in its checkpoints/.");
  }
  return load(fs::canonical(folder), parts);
}

}  // namespace hpcai::checkpoint
