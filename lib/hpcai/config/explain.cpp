#include "hpcai/config/explain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "hpcai/config/key_path.h"
#include "hpcai/config/nearest_keys.h"
#include "hpcai/config/words.h"
#include "hpcai/config/writer.h"
#include "hpcai/core/error.h"

namespace hpcai::config {
namespace {

std::string type_text(const Row& row) {
  const Type& type = row.key->type;
  if (row.is_type) {
    const Type& variant = type.kind == Type::Kind::list ? type.element.front() : type;
    return join_or(variant.alternative_names());
  }
  std::string text = describe_type(type);
  if (type.kind == Type::Kind::list) text = fmt::format("a list, each element {}", describe_type(type.element.front()));
  if (const std::string range = describe_range(type, row.key->field); !range.empty()) text += ", " + range;
  return type.optional ? text + ", or null" : text;
}

std::vector<std::string> words_allowed(const Row& row) {
  const Type* type = &row.key->type;
  while (type->kind == Type::Kind::list) type = &type->element.front();
  if (row.is_type) return type->alternative_names();
  return type->kind == Type::Kind::boolean ? std::vector<std::string>{"true", "false"} : type->choices;
}

std::string fallback_of(const Row& row) {
  if (row.is_type) return row.key->field.required ? "" : row.key->type.default_alternative;
  return row.key->field.required ? "" : write_flow(row.key->default_value);
}

std::string condition_of(const Row& row) {
  std::vector<std::string> conditions;
  for (const Row::Choice& choice : row.when) conditions.push_back(fmt::format("{}.type: {}", choice.variant, choice.type));
  return fmt::format("{}", fmt::join(conditions, " and "));
}

Meaning meaning_of(const Row& row) {
  const auto kind = row.key->type.kind;
  const bool is_section = !row.is_type && (kind == Type::Kind::section || kind == Type::Kind::variant);
  Meaning meaning{.key = row.path,
                  .type = type_text(row),
                  .unit = std::string(row.key->field.unit),
                  .fallback = is_section ? "" : fallback_of(row),
                  .help = std::string(row.key->field.help),
                  .choices = words_allowed(row),
                  .local = row.local,
                  .is_section = is_section,
                  .when = {}};
  if (const std::string when = condition_of(row); !when.empty()) meaning.when.push_back(when);
  return meaning;
}

bool same_but_when(const Meaning& a, const Meaning& b) {
  return a.type == b.type && a.unit == b.unit && a.fallback == b.fallback && a.help == b.help && a.local == b.local;
}

// A choice within a list is not known without a position; it counts as made.
bool is_chosen(const Row& row, const std::map<std::string, std::string>& chosen) {
  return std::ranges::all_of(row.when, [&](const Row::Choice& choice) {
    const auto found = chosen.find(choice.variant + ".type");
    return choice.variant.find('[') != std::string::npos || (found != chosen.end() && found->second == choice.type);
  });
}

}  // namespace

std::vector<Meaning> meanings_of(const Section& description, std::string_view key,
                                 const std::map<std::string, std::string>& chosen) {
  const std::vector<Row> all = rows(description);
  const std::string path = without_positions(key);
  std::vector<const Row*> own;
  for (const Row& row : all) {
    if (row.path == path) own.push_back(&row);
  }
  if (own.empty()) {
    const auto similar = nearest_keys(path, known_keys(all));
    throw Error(ExitCode::usage, fmt::format("{} is not a setting", shown(key)),
                similar.empty() ? "`hpcai-train keys` lists all settings." : did_you_mean(similar));
  }
  const bool any = std::ranges::any_of(own, [&](const Row* row) { return is_chosen(*row, chosen); });
  if (any && !chosen.empty()) std::erase_if(own, [&](const Row* row) { return !is_chosen(*row, chosen); });
  std::vector<Meaning> meanings;
  for (const Row* row : own) {
    Meaning meaning = meaning_of(*row);
    const auto same = std::ranges::find_if(meanings, [&](const Meaning& other) { return same_but_when(other, meaning); });
    if (same == meanings.end()) {
      meanings.push_back(std::move(meaning));
    } else {
      same->when.insert(same->when.end(), meaning.when.begin(), meaning.when.end());
    }
  }
  return meanings;
}

}  // namespace hpcai::config
