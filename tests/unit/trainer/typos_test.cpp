#include "check.h"

#include <algorithm>
#include <map>

#include "../config/typos.h"
#include "hpcai/config/config.h"
#include "hpcai/config/nearest_keys.h"
#include "hpcai/trainer/experiment.h"

using namespace hpcai;

TEST_CASE("at least 95 % of 1,000 typos of the program's keys lead to the key that was meant") {
  const config::Section description = config::description<trainer::Experiment>();
  const auto rows = config::rows(description);
  const auto known = config::known_keys(rows);
  std::vector<std::string> keys;
  for (const config::KnownKey& key : known) keys.push_back(key.path);
  REQUIRE(keys.size() > 400);
  std::map<std::string, std::pair<int, int>> hits;
  int hit = 0;
  std::string misses;
  for (const typos::Typo& typo : typos::make(keys, 1000)) {
    const auto nearest = config::nearest_keys(typo.written, known);
    const bool found = typos::is_hit(typo, nearest);
    hit += found;
    ++hits[typo.kind].second;
    hits[typo.kind].first += found;
    if (!found) misses += typo.kind + ": " + typo.written + " for " + typo.meant + "\n";
  }
  INFO(misses);
  CHECK(hit >= 950);
  for (const auto& [kind, counts] : hits) {
    INFO(kind);
    CHECK(counts.first * 100 >= counts.second * 85);
  }
}
