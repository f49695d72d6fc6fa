#include "hpcai/config/description.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "hpcai/config/words.h"

namespace hpcai::config {
namespace {

class RowCollector {
 public:
  std::vector<Row> rows;

  void add(const Section& section, const std::string& path, const std::vector<Row::Choice>& when, bool local) {
    around_.push_back({section.identity, path});
    for (const Key& key : section.keys) {
      const bool key_local = local || key.field.local;
      const std::string key_path = join_path(path, key.name);
      rows.push_back({key_path, key.name, &key, &section, when, key_local, false, repeated(key.type)});
      if (rows.back().same_as.empty()) descend(key, key.type, key_path, when, key_local);
    }
    around_.pop_back();
  }

 private:
  // Returns the path of the surrounding section or variant that the type of the key repeats; else empty.
  std::string repeated(const Type& type) const {
    return type.kind == Type::Kind::list ? repeated(type.element.front()) : path_around(identity_of(type));
  }

  std::string path_around(const std::string& identity) const {
    const auto found = std::ranges::find(around_, identity, &Around::identity);
    return identity.empty() || found == around_.end() ? "" : found->path;
  }

  static std::string identity_of(const Type& type) {
    if (type.kind == Type::Kind::section) return type.section->identity;
    std::string identity;
    for (const Alternative& alternative : type.alternatives) identity += alternative.section->identity + "|";
    return identity;
  }

  void descend(const Key& key, const Type& type, const std::string& path, const std::vector<Row::Choice>& when, bool local) {
    if (type.kind == Type::Kind::list) descend(key, type.element.front(), path + "[]", when, local);
    if (type.kind == Type::Kind::section) add(*type.section, path, when, local);
    if (type.kind != Type::Kind::variant) return;
    rows.push_back({path + ".type", "type", &key, nullptr, when, local, true, ""});
    around_.push_back({identity_of(type), path});
    for (const Alternative& alternative : type.alternatives) {
      if (!path_around(alternative.section->identity).empty()) continue;
      auto chosen = when;
      chosen.push_back({path, alternative.name});
      add(*alternative.section, path, chosen, local);
    }
    around_.pop_back();
  }

  struct Around {
    std::string identity;
    std::string path;
  };
  std::vector<Around> around_;  // the sections and variants that are being added, from the outermost
};

class FaultFinder {
 public:
  std::vector<std::string> faults;

  void check(const Section& section, const std::string& path, bool in_variant) {
    if (!checked_.insert(section.identity).second) return;
    std::set<std::string_view> names;
    for (const Key& key : section.keys) {
      const std::string key_path = join_path(path, key.name);
      const bool reserved = (in_variant && key.name == "type") || (path.empty() && key.name == "base");
      if (key.field.help.empty()) faults.push_back(key_path + " has no help");
      if (!names.insert(key.name).second || reserved) faults.push_back(key_path + " is taken");
      if (!key.field.formerly.empty() && section.find(key.field.formerly))
        faults.push_back(key_path + " has a former name in use");
      if (!key.field.required && !in_range(key.type, key.field, key.default_value)) {
        faults.push_back(key_path + " has a default out of its range");
      }
      check(key.type, key_path);
    }
  }

 private:
  void check(const Type& type, const std::string& path) {
    if (type.kind == Type::Kind::list) check(type.element.front(), path + "[]");
    if (type.kind == Type::Kind::section) check(*type.section, path, false);
    if (type.kind == Type::Kind::choice && type.choices.empty()) faults.push_back(path + " has no choices");
    std::set<std::string_view> names;
    for (const Alternative& alternative : type.alternatives) {
      if (!names.insert(alternative.name).second) faults.push_back(path + " has two types " + alternative.name);
      if (!alternative.main_key.empty() && !alternative.section->find(alternative.main_key)) {
        faults.push_back(path + " has an unknown main key " + alternative.main_key);
      }
      check(*alternative.section, path, true);
    }
  }

  std::set<std::string> checked_;  // sections; a struct that contains itself several times would take very long otherwise
};

}  // namespace

struct LazySection::State {
  std::function<Section()> describe;
  std::optional<Section> section;
};

LazySection::LazySection(Section section) : state_(std::make_shared<State>(State{nullptr, std::move(section)})) {}

LazySection::LazySection(std::function<Section()> describe)
    : state_(std::make_shared<State>(State{std::move(describe), std::nullopt})) {}

const Section& LazySection::operator*() const {
  if (!state_->section) state_->section = state_->describe();
  return *state_->section;
}

const Key* Section::find(std::string_view name) const {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

const Key* Section::find_former(std::string_view name) const {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return !name.empty() && key.field.formerly == name; });
  return found == keys.end() ? nullptr : &*found;
}

const Alternative* Type::find_alternative(std::string_view name) const {
  const auto found = std::find_if(alternatives.begin(), alternatives.end(),
                                  [&](const Alternative& alternative) { return alternative.name == name; });
  return found == alternatives.end() ? nullptr : &*found;
}

const Alternative* Type::find_former(std::string_view name) const {
  const auto found = std::find_if(alternatives.begin(), alternatives.end(),
                                  [&](const Alternative& alternative) { return !name.empty() && alternative.formerly == name; });
  return found == alternatives.end() ? nullptr : &*found;
}

std::vector<std::string> Type::alternative_names() const {
  std::vector<std::string> names;
  for (const Alternative& alternative : alternatives) names.push_back(alternative.name);
  return names;
}

std::vector<Row> rows(const Section& section) {
  RowCollector collector;
  collector.add(section, "", {}, false);
  return std::move(collector.rows);
}

std::string describe_type(const Type& type) {
  switch (type.kind) {
    case Type::Kind::boolean: return "true or false";
    case Type::Kind::integer: return "a whole number";
    case Type::Kind::number: return "a number";
    case Type::Kind::text: return "text";
    case Type::Kind::choice: return join_or(type.choices);
    case Type::Kind::list: return "a list";
    case Type::Kind::section:
    case Type::Kind::variant: return "a section with settings of its own";
  }
  return "";
}

std::string describe_range(const Type& type, const Field& field) {
  if (type.kind == Type::Kind::list) return describe_range(type.element.front(), field);
  std::string range;
  const auto bound = [&](const std::string& text) { range += range.empty() ? text : " and " + text; };
  if (type.kind != Type::Kind::integer && type.kind != Type::Kind::number) return range;
  if (field.min) {
    bound(fmt::format("{} {}", field.min_excluded ? "greater than" : "at least", *field.min));
  } else if (type.lowest != std::numeric_limits<int64_t>::min()) {
    bound(fmt::format("at least {}", type.lowest));
  }
  if (field.max) {
    bound(fmt::format("{} {}", field.max_excluded ? "less than" : "at most", *field.max));
  } else if (type.highest != std::numeric_limits<int64_t>::max()) {
    bound(fmt::format("at most {}", type.highest));
  }
  if (!range.empty() && !field.unit.empty()) range += fmt::format(" {}", field.unit);
  return range;
}

bool in_range(const Type& type, const Field& field, const Json& value) {
  if (type.kind == Type::Kind::list) {
    return std::all_of(value.begin(), value.end(), [&](const Json& item) { return in_range(type.element.front(), field, item); });
  }
  if (!value.is_number()) return true;
  const double number = value.get<double>();
  if (!std::isfinite(number)) return false;
  if (value.is_number_integer() && type.kind == Type::Kind::integer) {
    const auto exact = value.get<int64_t>();
    if (exact < type.lowest || exact > type.highest) return false;
  }
  if (field.min && (number < *field.min || (field.min_excluded && number == *field.min))) return false;
  return !field.max || (number <= *field.max && !(field.max_excluded && number == *field.max));
}

bool must_say_type(const Type& type, const Field& field) { return field.required || type.optional; }

Field element_field(const Field& list) {
  Field element = list;
  element.required = true;
  return element;
}

std::vector<std::string> faults(const Section& section) {
  FaultFinder finder;
  finder.check(section, "", false);
  return std::move(finder.faults);
}

}  // namespace hpcai::config
