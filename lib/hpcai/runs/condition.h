#pragma once

#include <string>
#include <vector>

#include "hpcai/runs/read_run.h"

namespace hpcai::runs {

// A condition on runs: a key (facts.h), a comparison and a value, "optimizer.lr<0.1" or "status = finished".
//
//   < <= > >=   numbers; times as 2026-01-31T12:00:00Z or their beginning
//   = == !=     numbers, words, true, false; null for a key that the run does not have
//   ~           the text contains the value
struct Condition {
  enum class Comparison { less, at_most, more, at_least, equal, unequal, contains };

  std::string key;
  Comparison comparison = Comparison::equal;
  std::string value;

  // Whether it holds for a run. A run without the key fulfils nothing but "= null" and "!= value". A key with "[]" asks for any
  // element of the list.
  bool holds(const Run& run) const;
};

// Throws Error{usage} for a text of another form, or a comparison that needs a number and has none.
Condition parse_condition(const std::string& text);

// Throws Error{usage} with the nearest keys if `key` is neither one of `setting_keys` nor known from any of the runs. `option`
// names the place on the command line. Of no run at all only the settings are known, so every other key is accepted then.
void require_known_key(const std::string& key, const std::vector<std::string>& setting_keys, const std::vector<Run>& runs,
                       const std::string& option);

}  // namespace hpcai::runs
