#include "check.h"

#include <algorithm>
#include <map>
#include <regex>

#include "../config/typos.h"
#include "hpcai/config/config.h"
#include "hpcai/config/key_path.h"
#include "hpcai/config/nearest_keys.h"
#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/trainer/experiment.h"

using namespace hpcai;

namespace {

using Json = config::Json;

// The value at a path, with all sections and lists on the way.
Json& place_in(Json& document, const std::string& path) {
  Json* node = &document;
  for (const std::string_view part : split(path, '.')) {
    const size_t end = std::min(part.find('['), part.size());
    node = &(*node)[std::string(part.substr(0, end))];
    for (size_t at = end; at < part.size(); at += 2) node = &(*node)[0];
  }
  return *node;
}

// What a person may have written who meant the key: the typo, and the types that its section needs.
std::string config_with(const typos::Typo& typo, const std::vector<config::Row>& rows) {
  const std::string section = typos::section_of(typo.written);
  const auto is_there = [&](const config::Row& row) { return !row.is_type && typos::section_of(row.path) == section; };
  const auto meant = std::ranges::find(rows, typo.meant, &config::Row::path);
  const auto there = is_there(*meant) ? meant : std::ranges::find_if(rows, is_there);
  Json document = Json::object();
  for (const auto& choice : (there == rows.end() ? meant : there)->when) place_in(document, choice.variant)["type"] = choice.type;
  place_in(document, typo.written) = 1;
  return config::write_yaml(document);
}

std::string complaint_about(const config::Section& description, const std::string& text) {
  try {
    config::parse_values(description, text, "c.yaml", {});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// The keys that the complaint offers in place of each unknown key, without positions and conditions.
std::vector<std::string> offers_of(const std::string& complaint) {
  static const std::regex question("Did you mean (.*)\\?"), condition(" \\([^)]*\\)"), separator(", | or ");
  std::vector<std::string> offers;
  for (std::sregex_iterator found(complaint.begin(), complaint.end(), question), none; found != none; ++found) {
    const std::string names = std::regex_replace((*found)[1].str(), condition, "");
    for (std::sregex_token_iterator name(names.begin(), names.end(), separator, -1), end; name != end; ++name)
      offers.push_back(config::without_positions(name->str()));
  }
  return offers;
}

// Whether the key is a section around the key that was meant, and not around what was written.
bool is_misspelt_section(const typos::Typo& typo, const std::string& key) {
  const auto is_around = [&](const std::string& path) { return path.starts_with(key + '.') || path.starts_with(key + "[]"); };
  return is_around(typo.meant) && !is_around(typo.written);
}

struct Count {
  int made = 0, hit = 0;
};

// A word that means nothing in place of the name of a key.
typos::Typo nonsense(const std::string& key, Random& random) {
  constexpr std::string_view kLetters = "bcdfghjkqvwxz";
  std::string word;
  for (int i = 0; i < 8; ++i) word += kLetters[random.below(kLetters.size())];
  return {"nonsense", typos::joined(typos::section_of(key), word), key};
}

std::vector<std::string> paths_of(const std::vector<config::KnownKey>& known) {
  std::vector<std::string> paths;
  for (const config::KnownKey& key : known) paths.push_back(key.path);
  return paths;
}

void check_hits(const std::map<std::string, Count>& kinds, const std::string& misses) {
  INFO(misses);
  int hit = 0;
  for (const auto& [kind, count] : kinds) {
    INFO(kind);
    CHECK(count.hit * 100 >= count.made * 85);
    hit += count.hit;
  }
  CHECK(hit >= 950);
}

}  // namespace

TEST_CASE("at least 95 % of 1,000 typos of the program's keys lead to the key that was meant") {
  const config::Section description = config::description<trainer::Experiment>();
  const auto rows = config::rows(description);
  const auto known = config::known_keys(rows);
  const auto keys = paths_of(known);
  REQUIRE(keys.size() > 400);
  std::map<std::string, Count> kinds;
  std::string misses;
  for (const typos::Typo& typo : typos::make(keys, 1000)) {
    const bool found = typos::is_hit(typo, config::nearest_keys(typo.written, known));
    ++kinds[typo.kind].made;
    kinds[typo.kind].hit += found;
    if (!found) misses += typo.kind + ": " + typo.written + " for " + typo.meant + "\n";
  }
  check_hits(kinds, misses);
}

TEST_CASE("at least 95 % of 1,000 typos in configs lead to the key that was meant, or to the section that was misspelt") {
  const config::Section description = config::description<trainer::Experiment>();
  const auto rows = config::rows(description);
  const auto keys = paths_of(config::known_keys(rows));
  std::map<std::string, Count> kinds;
  std::string misses;
  for (const typos::Typo& typo : typos::make(keys, 1000)) {
    const std::string complaint = complaint_about(description, config_with(typo, rows));
    const auto offers = offers_of(complaint);
    const bool section = std::ranges::any_of(offers, [&](const std::string& key) { return is_misspelt_section(typo, key); });
    const bool found = typos::is_hit(typo, offers) || section;
    ++kinds[typo.kind].made;
    kinds[typo.kind].hit += found;
    if (!found) misses += typo.kind + ": " + typo.written + " for " + typo.meant + "\n" + complaint + "\n";
  }
  check_hits(kinds, misses);
}

TEST_CASE("a word that means nothing is answered without a suggestion, by explain as for a config") {
  const config::Section description = config::description<trainer::Experiment>();
  const auto rows = config::rows(description);
  const auto known = config::known_keys(rows);
  const auto keys = paths_of(known);
  Random random(11, 0, 0, Purpose::test);
  for (int i = 0; i < 200; ++i) {
    const typos::Typo typo = nonsense(keys[random.below(keys.size())], random);
    INFO(typo.written);
    CHECK(config::nearest_keys(typo.written, known).empty());
    const std::string complaint = complaint_about(description, config_with(typo, rows));
    CHECK_THAT(complaint, Catch::Contains(typos::name_of(typo.written) + " is not a setting. Run `hpcai-train keys"));
  }
}
