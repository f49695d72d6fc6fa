#include "hpcai/search/result.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/config/config.h"
#include "hpcai/core/json.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"
#include "hpcai/search/figure.h"
#include "hpcai/search/importance.h"

namespace hpcai::search {
namespace {

std::string text_of(const Values& value) { return value.is_string() ? value.get<std::string>() : config::write_flow(value); }

std::string value_text(const Entry& entry) { return entry.value ? fmt::format("{:.6g}", *entry.value) : "-"; }

// The number of threads that the search has given to the training of a trial, on which the last bits depend; 0 if it has given
// none.
int64_t threads_of(const Search& search, int64_t number) {
  const auto config = search.run_folder(number) / "config.yaml";
  if (search.experiment.training.threads != 0 || !path_exists(config)) return 0;
  return config::read<trainer::Experiment>(config).training.threads;
}

// Complete trials by value, then those that ended early (the longest trainings first), then the others.
std::vector<const Entry*> ranked(const Search& search, const Result& result) {
  std::vector<const Entry*> order;
  for (const Entry& entry : result.entries) order.push_back(&entry);
  const auto before = [&](const Entry* a, const Entry* b) {
    if (a->is_complete() != b->is_complete()) return a->is_complete();
    if (a->value.has_value() != b->value.has_value()) return a->value.has_value();
    if (!a->value) return false;
    if (!a->is_complete() && a->decision.rung != b->decision.rung) return a->decision.rung > b->decision.rung;
    return is_better(search.space.goal, *a->value, *b->value);
  };
  std::ranges::stable_sort(order, before);
  return order;
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string csv_row(const std::vector<std::string>& cells) {
  std::string row;
  for (const std::string& cell : cells) {
    if (!row.empty()) row += ',';
    row += csv_cell(cell);
  }
  row += '\n';
  return row;
}

void add_row(const std::vector<std::string>& cells, const std::vector<size_t>& widths, std::string& out) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) line += fmt::format("{:<{}}  ", cells[i], widths[i]);
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + "\n";
}

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) add_row(row, widths, out);
  return out;
}

}  // namespace

Result gather(const Search& search, const std::map<int64_t, Trial>& known, int64_t count) {
  if (!known.empty()) count = std::max(count, known.rbegin()->first + 1);
  const auto trials = whole_list(known, propose_all(search.space, known, count));
  std::vector<TrialResults> results;
  for (const Trial& trial : trials) results.push_back(trial.results);
  const auto decisions = decide(search.space, results);
  Result result;
  for (size_t i = 0; i < trials.size(); ++i) {
    Entry entry{static_cast<int64_t>(i), trials[i], decisions[i], std::nullopt};
    for (const RungResult& rung : trials[i].results) {
      if (!rung.failed) entry.value = rung.value;
    }
    if (entry.decision.standing == Standing::failed) entry.value.reset();
    const bool better =
        entry.is_complete() &&
        (!result.best || is_better(search.space.goal, *entry.value, *result.entries[static_cast<size_t>(*result.best)].value));
    if (better) result.best = entry.number;
    result.entries.push_back(std::move(entry));
  }
  result.importance = importance_of(search.space, trials);
  return result;
}

std::string name_of(Standing standing) {
  switch (standing) {
    case Standing::to_train: return "to train";
    case Standing::waiting: return "waiting";
    case Standing::stopped: return "stopped early";
    case Standing::finished: return "finished";
    case Standing::failed: return "failed";
  }
  return "";
}

std::string table_of(const Search& search, const Result& result) {
  std::vector<std::string> head = {"trial", "state", "epochs", search.space.metric};
  for (const Parameter& parameter : search.space.parameters) head.push_back(parameter.key);
  std::vector<std::vector<std::string>> rows{head};
  for (const Entry* entry : ranked(search, result)) {
    std::vector<std::string> row = {std::to_string(entry->number), name_of(entry->decision.standing),
                                    std::to_string(entry->trial.epochs), value_text(*entry)};
    for (const Parameter& parameter : search.space.parameters)
      row.push_back(printable(text_of(entry->trial.parameters.value(parameter.key, Values())), 40));
    rows.push_back(std::move(row));
  }
  std::string out = aligned(rows);
  if (result.best)
    out += fmt::format("\nbest: trial {}, {} {}\n", *result.best, search.space.metric,
                       value_text(result.entries[static_cast<size_t>(*result.best)]));
  if (!result.importance.empty()) out += "importance (share of the variance of the ranks):";
  for (size_t i = 0; i < result.importance.size(); ++i)
    out += fmt::format("{} {} {:.2f}", i > 0 ? "," : "", search.space.parameters[i].key, result.importance[i]);
  return out + (result.importance.empty() ? "" : "\n");
}

nlohmann::ordered_json to_json(const Search& search, const Result& result) {
  Space space = search.space;
  nlohmann::ordered_json json = {{"space", config::store(space)}, {"best", nullptr}, {"importance", nullptr}};
  if (result.best) json["best"] = *result.best;
  for (size_t i = 0; i < result.importance.size(); ++i) json["importance"][space.parameters[i].key] = result.importance[i];
  json["trials"] = nlohmann::ordered_json::array();
  for (const Entry& entry : result.entries) {
    nlohmann::ordered_json item = {{"number", entry.number},
                                   {"state", name_of(entry.decision.standing)},
                                   {"value", nullptr},
                                   {"epochs", entry.trial.epochs},
                                   {"steps", entry.trial.steps},
                                   {"begun", entry.trial.begun},
                                   {"given", entry.trial.given},
                                   {"parameters", entry.trial.parameters},
                                   {"run_dir", search.run_folder(entry.number).string()}};
    if (entry.value) item["value"] = *entry.value;
    if (!entry.trial.failure.empty()) item["failure"] = entry.trial.failure;
    json["trials"].push_back(std::move(item));
  }
  return json;
}

std::string to_csv(const Search& search, const Result& result) {
  std::vector<std::string> head = {"trial", "state", "epochs", "steps", search.space.metric};
  for (const Parameter& parameter : search.space.parameters) head.push_back(parameter.key);
  head.push_back("failure");
  std::string out = csv_row(head);
  for (const Entry& entry : result.entries) {
    std::vector<std::string> cells = {std::to_string(entry.number), std::string(name_of(entry.decision.standing)),
                                      std::to_string(entry.trial.epochs), std::to_string(entry.trial.steps),
                                      entry.value ? config::write_flow(*entry.value) : ""};
    for (const Parameter& parameter : search.space.parameters)
      cells.push_back(text_of(entry.trial.parameters.value(parameter.key, Values())));
    cells.push_back(entry.trial.failure);
    out += csv_row(cells);
  }
  return out;
}

std::string best_config(const Search& search, const Result& result) {
  const Entry& best = result.entries.at(static_cast<size_t>(*result.best));
  std::vector<std::string> settings;
  for (const auto& [key, value] : best.trial.parameters.items()) settings.push_back(setting_of(key, value));
  if (const int64_t threads = threads_of(search, best.number); threads > 0)
    settings.push_back(fmt::format("training.threads={}", threads));
  const std::string head =
      fmt::format("# The best of {} of a search: trial {}, {} {}.\n# Train it again: hpcai-train --config best.yaml{}\n",
                  plural(std::ssize(result.entries), "trial"), best.number, search.space.metric, value_text(best),
                  search.nproc > 0 ? fmt::format(" --nproc {}", search.nproc) : "");
  return head + config::to_yaml(config::read<trainer::Experiment>(search.config(), settings));
}

void write_result(const Search& search, const Result& result) {
  write_output(search.folder / "trials.csv", to_csv(search, result));
  write_output(search.folder / "result.json", json_text(to_json(search, result), 2) + "\n");
  if (!result.best) return;
  write_output(search.folder / "best.yaml", best_config(search, result));
  write_output(search.folder / "search.svg", figure_of(search, result));
}

}  // namespace hpcai::search
