#include "hpcai/checkpoint/candidates.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/checkpoint/manifest.h"
#include "hpcai/checkpoint/publish.h"
#include "hpcai/core/error.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"

namespace hpcai::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStepPrefix = "step-";

// Returns nothing if the folder has no readable manifest.
std::optional<Manifest> manifest_in(const fs::path& folder) {
  try {
    return read_manifest(folder);
  } catch (const Error&) {
    return std::nullopt;
  }
}

// Whether the name `best` leads to this folder.
bool is_linked_as_best(const fs::path& folder) {
  std::error_code code;
  return fs::equivalent(folder.parent_path() / "best", folder, code) && !code;
}

// Returns the step of a folder that publish() has put aside, ".tmp-old-step-00000123.4711".
std::optional<int64_t> step_put_aside(const std::string& name) {
  if (!name.starts_with(kPutAsidePrefix)) return std::nullopt;
  const std::string rest = name.substr(std::string_view(kPutAsidePrefix).size());
  return step_of(rest.substr(0, rest.find('.')));
}

}  // namespace

std::string step_name(int64_t step) { return fmt::format("{}{:08d}", kStepPrefix, step); }

std::optional<int64_t> step_of(const std::string& name) {
  if (!name.starts_with(kStepPrefix)) return std::nullopt;
  const auto step = parse_number<int64_t>(std::string_view(name).substr(kStepPrefix.size()));
  return step && step_name(*step) == name ? step : std::nullopt;
}

std::vector<int64_t> steps_in(const fs::path& checkpoints) {
  std::vector<int64_t> steps;
  for (const fs::path& entry : list_folder(checkpoints)) {
    if (const auto step = step_of(entry.filename().string())) steps.push_back(*step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

std::vector<Candidate> find_candidates(const fs::path& checkpoints) {
  std::vector<Candidate> named, others;
  for (const fs::path& entry : list_folder(checkpoints)) {
    const std::string name = entry.filename().string();
    const auto step = step_of(name);
    const auto manifest = manifest_in(entry);
    if (step) {
      named.push_back({*step, entry, manifest ? manifest->best.value_or(false) : is_linked_as_best(entry)});
    } else if (manifest && (name == "last" || name == "best" || step_put_aside(name) == manifest->step)) {
      others.push_back({manifest->step, entry, manifest->best.value_or(false)});
    }
  }
  for (const Candidate& other : others) {
    const bool known = std::ranges::any_of(named, [&](const Candidate& one) { return one.step == other.step; });
    if (!known) named.push_back(other);
  }
  std::ranges::stable_sort(named, [](const Candidate& a, const Candidate& b) { return a.step > b.step; });
  return named;
}

std::vector<Candidate> best_of(const std::vector<Candidate>& candidates, const fs::path& checkpoints) {
  std::vector<Candidate> best;
  std::ranges::copy_if(candidates, std::back_inserter(best), &Candidate::best);
  if (!best.empty()) return best;
  const fs::path link = checkpoints / "best";
  if (const auto manifest = manifest_in(link)) best.push_back({manifest->step, link, true});
  return best;
}

}  // namespace hpcai::checkpoint
