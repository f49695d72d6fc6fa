#include "hpcai/config/reader.h"

#include <fmt/format.h>

#include <set>

#include "hpcai/config/nearest_keys.h"
#include "hpcai/config/scalar.h"
#include "hpcai/config/suggest.h"
#include "hpcai/config/words.h"

namespace hpcai::config {
namespace {

class Reader {
 public:
  Reader(const Section& description, const Node& document, Problems& problems)
      : rows_(rows(description)), document_(document), problems_(problems) {}

  // Reads the keys of `node`, a map or null. `variant` is set if `section` is the chosen alternative of a variant.
  Json section(const Section& section, const Node& node, const std::string& path, const Place& place,
               const Type* variant = nullptr) {
    Json values = Json::object();
    const std::set<std::string> meant = report_unknown(section, node, path, variant);
    for (const Key& key : section.keys) {
      const Node::Entry* entry = node.find(key.name);
      const std::string key_path = join_path(path, key.name);
      if (entry) {
        values[key.name] = value(key.type, key.field, entry->value, key_path, entry->place);
      } else if (meant.contains(key.name)) {
        values[key.name] = key.default_value;  // reported as a misspelt key
      } else {
        values[key.name] = absent(key, key_path, place);
      }
    }
    return values;
  }

 private:
  Json value(const Type& type, const Field& field, const Node& node, const std::string& path, const Place& place) {
    if (node.kind == Node::Kind::null) {
      if (type.optional) return nullptr;
      return wrong(place, fmt::format("{} has no value; it must be {}.", path, rule(type, field)));
    }
    switch (type.kind) {
      case Type::Kind::list: return list(type, field, node, path, place);
      case Type::Kind::section:
        if (node.kind == Node::Kind::map) return section(*type.section, node, path, place);
        return wrong_kind(type, field, node, path, place);
      case Type::Kind::variant:
        if (node.kind == Node::Kind::map) return variant(type, node, path, place, must_say_type(type, field));
        return wrong_kind(type, field, node, path, place);
      default: return scalar(type, field, node, path, place);
    }
  }

  Json scalar(const Type& type, const Field& field, const Node& node, const std::string& path, const Place& place) {
    if (node.kind != Node::Kind::scalar) return wrong_kind(type, field, node, path, place);
    const Scalar read = read_scalar(type, node);
    const bool good = read.ok && in_range(type, field, read.value);
    if (good) return read.value;
    const std::string must = read.ok ? describe_range(type, field) : rule(type, field);
    const std::string remedy = read.remedy.empty() ? "" : " " + read.remedy;
    return wrong(place, fmt::format("{} is {}; it must be {}.{}", path, value_text(node), must, remedy));
  }

  Json list(const Type& type, const Field& field, const Node& node, const std::string& path, const Place& place) {
    if (node.kind == Node::Kind::elements) {
      return wrong(place, fmt::format("{} is not given, so it has no elements to change. Give the whole list.", path));
    }
    if (node.kind != Node::Kind::list) return wrong_kind(type, field, node, path, place);
    const Field element = element_field(field);
    Json values = Json::array();
    for (size_t i = 0; i < node.items.size(); ++i) {
      const Node& item = node.items[i];
      values.push_back(value(type.element.front(), element, item, fmt::format("{}[{}]", path, i), item.place));
    }
    return values;
  }

  Json variant(const Type& type, const Node& node, const std::string& path, const Place& place, bool must_say_type) {
    const Alternative* alternative = chosen(type, node, path, place, must_say_type);
    if (!alternative) return nullptr;
    Json values = {{"type", alternative->name}};
    values.update(section(*alternative->section, node, path, place, &type));
    if (type.keeps_place) values[kPlaceKey] = place.text();
    return values;
  }

  // Returns the alternative to check against; null, with a report, if the document does not choose one.
  const Alternative* chosen(const Type& type, const Node& node, const std::string& path, const Place& place, bool must_say_type) {
    const std::string names = join_or(type.alternative_names());
    const Node::Entry* entry = node.find("type");
    if (!entry) {
      if (misspells_type(type, node, path, names)) return nullptr;
      if (!must_say_type) return type.find_alternative(type.default_alternative);
      wrong(place, fmt::format("{}.type is required. It must be {}.", path, names));
      return nullptr;
    }
    if (entry->value.kind != Node::Kind::scalar) {
      wrong(entry->place, fmt::format("{}.type must be {}.", path, names));
      return nullptr;
    }
    if (const Alternative* found = type.find_alternative(entry->value.text)) return found;
    const auto similar = nearest_names(entry->value.text, type.alternative_names());
    wrong(entry->place, fmt::format("{}.type is {}; it must be {}.{}", path, value_text(entry->value), names,
                                    similar.empty() ? "" : fmt::format(" {}", did_you_mean(similar))));
    return similar.empty() ? nullptr : type.find_alternative(similar.front());
  }

  // Returns true, and reports the problem, if the key `type` is misspelt. The default alternative would then be a wrong guess.
  bool misspells_type(const Type& type, const Node& node, const std::string& path, const std::string& names) {
    const Alternative* fallback = type.find_alternative(type.default_alternative);
    for (const Node::Entry& entry : node.entries) {
      if (fallback->section->find(entry.key) || unlikeness(entry.key, "type").value_or(2) > 1) continue;
      wrong(entry.place, fmt::format("{0}.{1} is not a setting. Did you mean {0}.type ({2})?", path, shown(entry.key), names));
      return true;
    }
    return false;
  }

  Json absent(const Key& key, const std::string& path, const Place& place) {
    const Type& type = key.type;
    if (key.field.required) {
      const bool is_variant = type.kind == Type::Kind::variant;
      const std::string hint = is_variant ? fmt::format(" Choose {}.type: {}.", path, join_or(type.alternative_names()))
                                          : fmt::format(" It must be {}.", rule(type, key.field));
      return wrong(place, fmt::format("{} is required.{}", path, hint));
    }
    if (type.optional) return key.default_value;
    // Keys inside may be required.
    if (type.kind == Type::Kind::section) return section(*type.section, Node{}, path, place);
    if (type.kind == Type::Kind::variant) return variant(type, Node{}, path, place, false);
    return key.default_value;
  }

  // Reports the unknown keys. Returns the section's own keys that they most likely mean.
  std::set<std::string> report_unknown(const Section& section, const Node& node, const std::string& path, const Type* variant) {
    std::set<std::string> meant;
    for (const Node::Entry& entry : node.entries) {
      if (section.find(entry.key) || (variant && entry.key == "type")) continue;
      const std::string full = join_path(path, shown(entry.key));
      if (const Key* renamed = section.find_former(entry.key)) {
        meant.insert(renamed->name);
        wrong(entry.place,
              fmt::format("{0} is now called {1}. Both are given: remove {0}.", full, join_path(path, renamed->name)));
        continue;
      }
      std::vector<Suggestion> similar;
      // A file with more unknown keys than this is not a config, so suggestions for it would waste seconds.
      if (++unknown_ <= 100) similar = suggest(entry.key, section, path, node, rows_, document_);
      if (!similar.empty() && similar.front().sibling) meant.insert(similar.front().name);
      wrong(entry.place, fmt::format("{} is not a setting. {}", full, advice(similar, full, path)));
    }
    return meant;
  }

  static std::string advice(const std::vector<Suggestion>& similar, const std::string& full, const std::string& path) {
    if (similar.empty()) {
      const std::string argument = path.empty() ? "" : fmt::format(" {}", path.substr(0, path.find('[')));
      return fmt::format("Run `hpcai-train keys{}` for the list.", argument);
    }
    const Suggestion& best = similar.front();
    if (best.path == full && best.needs.empty())
      return fmt::format("Its parts are sections: write each on a line of its own, {} as the last.", best.name);
    if (best.path == full) return fmt::format("It is one only with {}.", condition_of(best));
    std::vector<std::string> names;
    for (const Suggestion& one : similar) {
      names.push_back(one.needs.empty() ? one.path : fmt::format("{} (with {})", one.path, condition_of(one)));
    }
    return did_you_mean(names);
  }

  static std::string condition_of(const Suggestion& suggestion) {
    std::vector<std::string> needs;
    for (const Row::Choice& need : suggestion.needs) needs.push_back(fmt::format("{}.type: {}", need.variant, need.type));
    return fmt::format("{}", fmt::join(needs, " and "));
  }

  Json wrong_kind(const Type& type, const Field& field, const Node& node, const std::string& path, const Place& place) {
    return wrong(place, fmt::format("{} is {}; it must be {}.", path, value_text(node), rule(type, field)));
  }

  Json wrong(const Place& place, std::string text) {
    problems_.add(place, std::move(text));
    return nullptr;
  }

  static std::string value_text(const Node& node) {
    switch (node.kind) {
      case Node::Kind::null: return "empty";
      case Node::Kind::list:
      case Node::Kind::elements: return "a list";
      case Node::Kind::map: return "a section";
      case Node::Kind::scalar: break;
    }
    return node.quoted || node.text.empty() ? fmt::format("\"{}\"", shown(node.text)) : shown(node.text);
  }

  static std::string rule(const Type& type, const Field& field) {
    const std::string range = describe_range(type, field);
    if (type.kind == Type::Kind::list) {
      const Type& element = type.element.front();
      const bool sections = element.kind == Type::Kind::section || element.kind == Type::Kind::variant;
      return sections ? "a list of sections" : fmt::format("a list of values, each {}", rule(element, field));
    }
    return range.empty() ? describe_type(type) : fmt::format("{}, {}", describe_type(type), range);
  }

  std::vector<Row> rows_;
  const Node& document_;
  Problems& problems_;
  int unknown_ = 0;
};

}  // namespace

Json resolve(const Section& description, const Node& document, Problems& problems) {
  if (document.kind == Node::Kind::map) {
    return Reader(description, document, problems).section(description, document, "", document.place);
  }
  const bool empty = document.kind == Node::Kind::null;
  problems.add(document.place, empty ? "there are no settings here." : "a config must be made of `key: value` lines.");
  return nullptr;
}

}  // namespace hpcai::config
