#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/search/search_folder.h"

namespace hpcai::search {

// What is known of a trial.
struct Entry {
  int64_t number = 0;
  Trial trial;
  Decision decision;
  std::optional<double> value;  // at its last rung

  bool is_complete() const { return decision.standing == Standing::finished; }
};

struct Result {
  std::vector<Entry> entries;      // by number
  std::optional<int64_t> best;     // the complete trial with the best value; of equal ones the first
  std::vector<double> importance;  // of each parameter, see importance.h; empty with too few trials
};

// Gathers the trials 0 to count - 1, or all that the journals name if that is more.
Result gather(const Search& search, const std::map<int64_t, Trial>& known, int64_t count);

std::string name_of(Standing standing);  // "finished", "stopped early", "failed", "waiting", "to train"

// The trials from the best to the worst, as a table for people, with the best one and the importance beneath.
std::string table_of(const Search& search, const Result& result);
nlohmann::ordered_json to_json(const Search& search, const Result& result);
std::string to_csv(const Search& search, const Result& result);
// A config that trains the best trial again, bit for bit: hpcai-train --config best.yaml. Needs result.best.
std::string best_config(const Search& search, const Result& result);

// Writes trials.csv, result.json, and, if there is a complete trial, best.yaml and search.svg into the folder. Throws
// Error{cannot_write}.
void write_result(const Search& search, const Result& result);

}  // namespace hpcai::search
