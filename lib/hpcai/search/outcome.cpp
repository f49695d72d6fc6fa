#include "hpcai/search/outcome.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "hpcai/checkpoint/candidates.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"

namespace hpcai::search {
namespace {

using Summary = nlohmann::json;

void collect_numbers(const Summary& values, const std::string& path, std::vector<std::string>& names) {
  for (const auto& [key, value] : values.items()) {
    const std::string name = path + (path.empty() ? "" : ".") + key;
    if (value.is_object()) collect_numbers(value, name, names);
    if (value.is_number()) names.push_back("validation." + name);
  }
}

// The value at "a.b" of nested objects; nothing if there is none.
std::optional<Summary> value_at_path(Summary values, const std::string& path) {
  for (const std::string_view part : split(path, '.')) {
    const auto found = values.is_object() ? values.find(std::string(part)) : values.end();
    if (!values.is_object() || found == values.end()) return std::nullopt;
    values = Summary(*found);
  }
  return values;
}

[[noreturn]] void refuse_metric(const Space& space, const std::filesystem::path& file, const Summary& validation) {
  std::vector<std::string> names;
  if (validation.is_object()) collect_numbers(validation, "", names);
  const std::string what = names.empty() ? "there is no validation split: set data.validation_fraction or the like"
                                         : fmt::format("there are {}", join_words(names, "and"));
  throw Error(ExitCode::usage, fmt::format("{} has no number {}; {}", printable(file), space.metric, what),
              "Change `metric` in the space file, and start a new search.");
}

// Whether a training that has paused has come to the rung.
bool reaches(const Space& space, const Summary& summary, int64_t rung) {
  const auto budget = budget_of(space, rung);
  const bool in_steps = budget && std::get<AshaConfig>(space.early_stop).unit == Unit::steps;
  return budget && count_at(summary, in_steps ? "steps" : "epochs") >= *budget;
}

std::optional<Outcome> outcome_of(const Space& space, const std::filesystem::path& file, const Summary& summary, int64_t rung) {
  const auto status = summary.at("status").get<std::string>();
  Outcome outcome{.epochs = count_at(summary, "epochs"), .steps = count_at(summary, "steps")};
  if (status == "diverged") {
    outcome.result.failed = true;
    outcome.failure = first_line(summary.value("error", "diverged"));
    return outcome;
  }
  outcome.result.finished = status == "finished";
  if (!outcome.result.finished && !(status == "paused" && reaches(space, summary, rung))) return std::nullopt;
  const Summary validation = summary.value("validation", Summary());
  const auto value = value_at_path(validation, metric_name(space));
  if (value && value->is_null()) {  // JSON has no number that is not finite
    outcome.result = {.failed = true};
    outcome.failure = fmt::format("{} is not a finite number", space.metric);
    return outcome;
  }
  if (!value || !value->is_number()) refuse_metric(space, file, validation);
  outcome.result.value = value->get<double>();
  return outcome;
}

}  // namespace

std::optional<Outcome> read_outcome(const Space& space, const std::filesystem::path& run_folder, int64_t rung) {
  const auto file = run_folder / "summary.json";
  if (!path_exists(file)) return std::nullopt;
  try {
    return outcome_of(space, file, Summary::parse(read_file(file)), rung);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& e) {  // JSON of another kind
    throw Error(ExitCode::bad_data, fmt::format("{}: {}", printable(file), e.what()),
                "Remove this run folder; the search makes it again.");
  }
}

int64_t saved_steps(const std::filesystem::path& run_folder) {
  const auto checkpoints = run_folder / "checkpoints";
  if (!path_exists(checkpoints)) return 0;
  const auto steps = checkpoint::steps_in(checkpoints);
  return steps.empty() ? 0 : steps.back();
}

std::string last_error(const std::filesystem::path& output) {
  constexpr std::string_view kStart = "error: ";
  if (!path_exists(output)) return "";
  const std::string text = read_file(output);
  std::string error;
  bool in_error = false;
  for (const std::string_view line : split(text, '\n')) {
    const bool is_error = line.starts_with(kStart);
    if (is_error && !in_error) error = line.substr(kStart.size());  // the first line of a block; the remedy follows
    in_error = is_error;
  }
  return printable(error);
}

}  // namespace hpcai::search
