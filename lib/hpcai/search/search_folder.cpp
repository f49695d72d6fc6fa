#include "hpcai/search/search_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"
#include "hpcai/core/version.h"
#include "hpcai/search/sampler.h"
#include "hpcai/trainer/judgements.h"

namespace hpcai::search {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOtherFolder = "Choose another folder with --out; nothing in this one has been touched.";
constexpr const char* kInUse = "Wait until it has ended, or choose another folder with --out.";

fs::path identity_file(const Search& search) { return search.folder / "search.json"; }

// What must be the same when a search goes on. The number of trials is not part of it.
nlohmann::ordered_json identity_of(const Search& search) {
  Space space = search.space;
  return {{"version", kVersion}, {"nproc", search.nproc}, {"space", config::store(space)}};
}

void add_differences(const std::string& path, const nlohmann::ordered_json& before, const nlohmann::ordered_json& now,
                     std::string& text) {
  if (before == now) return;
  if (!before.is_object() || !now.is_object()) {
    text +=
        fmt::format("\n  {}: {} then, {} now", path, printable(config::write_flow(before)), printable(config::write_flow(now)));
    return;
  }
  for (const auto& [key, value] : now.items()) {
    if (key != "version")
      add_differences(path.empty() ? key : path + "." + key, before.value(key, nlohmann::ordered_json()), value, text);
  }
}

// Throws Error{cannot_resume} if the folder holds a search of another kind.
void compare(const Search& search) {
  std::string text;
  try {
    const auto saved = nlohmann::ordered_json::parse(read_file(identity_file(search)));
    add_differences("", saved, identity_of(search), text);
  } catch (const nlohmann::json::exception& e) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}", identity_file(search).string(), e.what()), kOtherFolder);
  }
  for (const auto& change : config::differences(config::read<trainer::Experiment>(search.config()), search.experiment))
    text += fmt::format("\n  {}: {} then, {} now", change.key, change.before, change.after);
  if (text.empty()) return;
  throw Error(ExitCode::cannot_resume,
              fmt::format("the search in {} was started with other settings:{}", search.folder.string(), text),
              "Give the same settings, or start a new search in another folder with --out.");
}

void require_search_or_nothing(const Search& search) {
  if (path_exists(search.folder, ExitCode::cannot_write) && !is_folder(search.folder))
    throw Error(ExitCode::usage, fmt::format("{} is a file", search.folder.string()), kOtherFolder);
  if (list_folder(search.folder, ExitCode::cannot_write).empty()) return;
  throw Error(ExitCode::usage, fmt::format("the folder {} is not empty and holds no search", search.folder.string()),
              kOtherFolder);
}

// config.yaml comes first: a folder with search.json is complete.
void make(const Search& search) {
  write_output(search.config(), config::to_yaml(search.experiment));
  make_folder(search.trials());
  Space space = search.space;
  write_output(search.folder / "space.yaml", config::to_yaml(space));
  write_output(identity_file(search), json_text(identity_of(search), 2) + "\n");
}

std::vector<fs::path> worker_folders(const Search& search) {
  std::vector<fs::path> folders;
  for (const fs::path& path : list_folder(search.folder / "workers")) {
    if (is_folder(path)) folders.push_back(path);
  }
  return folders;
}

}  // namespace

fs::path Search::run_folder(int64_t number) const { return trials() / fmt::format("{:04}", number); }

fs::path Search::output(int64_t number) const { return trials() / fmt::format("{:04}.txt", number); }

fs::path Search::worker(int number) const { return folder / "workers" / std::to_string(number); }

Search plan_search(const SearchRequest& request) {
  Search search{read_space(request.space), config::read<trainer::Experiment>(request.config, request.overrides), request.folder,
                request.nproc};
  check_space(search.space, request.config, request.overrides);
  trainer::refuse_problems(trainer::judge(search.experiment, std::max(1, request.nproc)));
  return search;
}

SearchFolder::SearchFolder(const Search& search, Holder holder) : search_(search) {
  const bool exists = path_exists(identity_file(search), ExitCode::cannot_write);
  if (!exists && !path_exists(search.config(), ExitCode::cannot_write)) require_search_or_nothing(search);
  if (exists) compare(search);
  if (holder.reads_only) return;
  if (holder.worker > 0) {
    const fs::path mine = search.worker(holder.worker);
    if (!exists || !is_folder(mine))
      throw Error(ExitCode::usage, fmt::format("{} is no folder of a worker", mine.string()),
                  "Submit the workers with --submit.");
    locks_.emplace_back(mine, "worker folder", "Wait until the other worker has ended.");
    journal_ = std::make_unique<Journal>(mine / "journal.jsonl");
    return;
  }
  make_folder(search.folder);
  locks_.emplace_back(search.folder, "search in", kInUse);
  for (const fs::path& folder : worker_folders(search))
    locks_.emplace_back(folder, "worker folder", "Wait until the Slurm jobs of the search have ended, or cancel them.");
  if (!exists) make(search);
  journal_ = std::make_unique<Journal>(search.folder / "journal.jsonl");
}

std::vector<std::string> training_arguments(const Search& search, const Values& parameters, int64_t number) {
  std::vector<std::string> words = {"--config", search.config().string()};
  for (const auto& [key, value] : parameters.items()) words.insert(words.end(), {"--set", setting_of(key, value)});
  if (search.nproc > 0) words.insert(words.end(), {"--nproc", std::to_string(search.nproc)});
  words.insert(words.end(), {"--run-dir", search.run_folder(number).string(), "--resume", "auto"});
  return words;
}

std::vector<fs::path> journals_of(const Search& search) {
  std::vector<fs::path> paths{search.folder / "journal.jsonl"};
  for (const fs::path& folder : worker_folders(search)) paths.push_back(folder / "journal.jsonl");
  return paths;
}

std::map<int64_t, Trial> SearchFolder::read() const {
  // A trial may have begun in one program and gone on in another, so its lines are applied by rising rung.
  std::vector<nlohmann::ordered_json> lines;
  for (const fs::path& path : journals_of(search_)) {
    const auto more = read_journal(path);
    lines.insert(lines.end(), more.begin(), more.end());
  }
  std::ranges::stable_sort(lines, {}, [](const auto& line) {
    return line.contains("rung") && line["rung"].is_number_integer() ? line["rung"].template get<int64_t>() : -1;
  });
  std::map<int64_t, Trial> trials;
  apply(lines, search_.folder, trials);
  for (const auto& [number, trial] : trials) {
    for (const Parameter& parameter : search_.space.parameters) {
      if (!trial.begun || (trial.parameters.contains(parameter.key) && allows(parameter, trial.parameters[parameter.key])))
        continue;
      throw Error(ExitCode::bad_data,
                  fmt::format("the journal in {}: trial {} has no value of {} in its range", search_.folder.string(), number,
                              parameter.key),
                  "Restore the journal of the search, or start a new search in another folder with --out.");
    }
  }
  return trials;
}

void make_workers(const Search& search, int count) {
  for (int worker = 1; worker <= count; ++worker) make_folder(search.worker(worker));
}

int64_t given_trials(const std::map<int64_t, Trial>& known) {
  return std::ranges::count_if(known, [](const auto& item) { return item.second.given; });
}

std::vector<Values> propose_all(const Space& space, const std::map<int64_t, Trial>& known, int64_t count) {
  std::vector<Values> proposals;
  const int64_t most = most_trials(space).value_or(count);
  int64_t given = 0;
  for (int64_t number = 0; number < count; ++number) {
    const auto found = known.find(number);
    const bool from_outside = found != known.end() && found->second.given;
    given += from_outside;
    const bool proposes = !from_outside && number - given < most;  // a damaged journal may name trials beyond the grid
    proposals.push_back(proposes ? propose(space, number, given) : Values());
  }
  return proposals;
}

std::vector<Trial> whole_list(const std::map<int64_t, Trial>& known, const std::vector<Values>& proposals) {
  std::vector<Trial> list(proposals.size());
  for (size_t i = 0; i < list.size(); ++i) {
    const auto found = known.find(static_cast<int64_t>(i));
    if (found != known.end()) list[i] = found->second;
    if (!list[i].begun) list[i].parameters = proposals[i];
  }
  return list;
}

}  // namespace hpcai::search
