#include "hpcai/checkpoint/load.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <new>
#include <span>

#include "hpcai/checkpoint/candidates.h"
#include "hpcai/checkpoint/manifest.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"

namespace hpcai::checkpoint {
namespace {

namespace fs = std::filesystem;

void guard(const fs::path& checkpoint, ExitCode code, const std::function<void()>& read) {
  try {
    read();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    throw Error(code,
                fmt::format("the content of {} is not what this program writes: {}", printable(checkpoint),
                            printable(first_line(e.what()))),
                "It was changed, or written by another version. Use an earlier checkpoint, or start a new run.");
  }
}

Loaded load(const fs::path& folder, Parts parts) {
  Loaded loaded;
  guard(folder, ExitCode::bad_data, [&] {
    const Manifest manifest = verify(folder);
    loaded = {.step = manifest.step, .path = folder, .origin = manifest.origin, .program_version = manifest.program_version};
    loaded.state.model = read_safetensors(folder / kModelName);
    if (parts == Parts::model) return;
    loaded.state.optimizer = read_safetensors(folder / kOptimizerName);
    loaded.state.state = parse_json(read_file(folder / kStateName));
    if (!loaded.state.state.is_object())
      throw Error(ExitCode::bad_data, fmt::format("{}: is not a JSON object", (folder / kStateName).string()));
  });
  return loaded;
}

std::vector<std::string> reasons(const std::vector<Error>& skipped) {
  std::vector<std::string> texts;
  for (const Error& error : skipped) texts.emplace_back(error.what());
  return texts;
}

// Returns the first candidate that verifies. Adds the reasons for those before it to `skipped`.
std::optional<Loaded> load_first(std::span<const Candidate> candidates, Parts parts, std::vector<Error>& skipped) {
  for (const Candidate& candidate : candidates) {
    try {
      Loaded loaded = load(candidate.path, parts);
      if (loaded.step != candidate.step)
        throw Error(ExitCode::bad_data, fmt::format("{}: is of step {}", printable(candidate.path), loaded.step));
      loaded.skipped = reasons(skipped);
      return loaded;
    } catch (const Error& e) {
      skipped.push_back(e);
    }
  }
  return std::nullopt;
}

constexpr const char* kWhatToGive = "Give a run folder, or one of the folders in its checkpoints/.";

// Refuses checkpoints of which none can be used. `code` and `remedy` are those for damaged checkpoints; others apply if this
// program may not read them.
[[noreturn]] void refuse_all(const fs::path& checkpoints, const std::vector<Error>& skipped, ExitCode code,
                             const std::string& remedy) {
  const bool unreadable = std::ranges::all_of(skipped, [](const Error& e) { return e.code() == ExitCode::missing_input; });
  const std::string list = fmt::format("{}", fmt::join(reasons(skipped), "\n  "));
  if (unreadable) {
    throw Error(code == ExitCode::bad_data ? ExitCode::missing_input : code,
                fmt::format("no checkpoint in {} can be read:\n  {}", printable(checkpoints), list),
                "Check the permissions on these files and folders.");
  }
  throw Error(code, fmt::format("no checkpoint in {} verifies:\n  {}", printable(checkpoints), list), remedy);
}

Loaded load_from(const fs::path& checkpoints, const std::vector<Candidate>& candidates, Parts parts) {
  std::vector<Error> skipped;
  auto loaded = load_first(candidates, parts, skipped);
  if (!loaded) {
    refuse_all(checkpoints, skipped, ExitCode::bad_data,
               "Copy a checkpoint here again if there is a copy elsewhere; else train the run anew (--overwrite).");
  }
  for (const Error& reason : skipped) log::warning("skipped a checkpoint: {}", reason.what());
  return std::move(*loaded);
}

[[noreturn]] void fail_for_no_best(const fs::path& path) {
  throw Error(ExitCode::missing_input,
              fmt::format("there is no best checkpoint at {}: none was saved as the best of its run", printable(path)),
              "Use the last one (--checkpoint last). The best is known where the data have a validation split and "
              "checkpoint.best is true.");
}

}  // namespace

Loaded load_checkpoint(const fs::path& given, Parts parts) {
  const fs::path path = given.has_filename() ? given : given.parent_path();  // "run/" and "run" are the same folder
  const std::string name = path.filename().string();
  if (name == "last" || name == "best") {
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    const auto candidates = find_candidates(folder);
    const auto best = name == "best" ? best_of(candidates, folder) : candidates;
    if (!best.empty()) return load_from(folder, best, parts);
    if (!candidates.empty()) fail_for_no_best(path);
  }
  if (path_exists(path / kManifestName)) return load(path, parts);
  const fs::path folder = is_folder(path / "checkpoints") ? path / "checkpoints" : path;
  const auto candidates = find_candidates(folder);
  if (candidates.empty()) {
    throw Error(ExitCode::missing_input, fmt::format("there is no checkpoint at {}", printable(path)), kWhatToGive);
  }
  auto order = best_of(candidates, folder);
  order.insert(order.end(), candidates.begin(), candidates.end());
  return load_from(folder, order, parts);
}

std::optional<Loaded> load_newest(const fs::path& checkpoints, int64_t before) {
  auto candidates = find_candidates(checkpoints);
  std::erase_if(candidates, [&](const Candidate& candidate) { return candidate.step >= before; });
  if (candidates.empty()) return std::nullopt;
  std::vector<Error> skipped;
  auto loaded = load_first(candidates, Parts::all, skipped);
  if (!loaded) {
    refuse_all(checkpoints, skipped, ExitCode::cannot_resume, "Start again in another run folder, or with --resume never.");
  }
  return loaded;
}

void read_content(const fs::path& checkpoint, const std::function<void()>& read) {
  try {
    guard(checkpoint, ExitCode::cannot_resume, read);
  } catch (const LocalError&) {
    throw;  // of this host, not of the checkpoint
  } catch (const Error& error) {
    const std::string text = error.what(), path = printable(checkpoint);
    if (text.find(path) != std::string::npos) throw;
    throw Error(error.code(), fmt::format("{}: {}", path, text), error.remedy());
  }
}

}  // namespace hpcai::checkpoint
