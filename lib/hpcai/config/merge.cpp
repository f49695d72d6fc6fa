#include "hpcai/config/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "hpcai/config/short_form.h"
#include "hpcai/core/text.h"

namespace hpcai::config {
namespace {

const Section* section_of(const Type& type, const std::string& chosen) {
  if (type.kind == Type::Kind::section) return &*type.section;
  const Alternative* alternative = type.find_alternative(chosen);
  return alternative ? &*alternative->section : nullptr;
}

// The type that a variant's section says, by the name that it has now, or else `otherwise`.
std::string chosen_type(const Type& type, const Node& node, const std::string& otherwise) {
  const Node::Entry* entry = node.find("type");
  if (!entry) return otherwise;
  const Alternative* renamed = type.find_former(entry->value.text);
  return renamed ? renamed->name : entry->value.text;
}

// The name that a key has now. It keeps its former one where the layer holds both, which the reader then refuses.
const std::string& present_name(const Section* section, const Node& layer, const std::string& name) {
  const Key* renamed = section && !section->find(name) ? section->find_former(name) : nullptr;
  return renamed && !layer.find(renamed->name) ? renamed->name : name;
}

// Whether the keys of `upper` are those of the section `lower`, whose type is known. Otherwise one of them may name a type.
bool changes_keys(const Type& type, const Node& lower, const Node& upper) {
  if (lower.kind != Node::Kind::map || !lower.find("type")) return false;
  const Section* section = section_of(type, chosen_type(type, lower, ""));
  return std::ranges::none_of(upper.entries, [&](const Node::Entry& entry) {
    const bool names_type = type.find_alternative(entry.key) || type.find_former(entry.key);
    return names_type && !(section && (section->find(entry.key) || section->find_former(entry.key)));
  });
}

Node empty_map(const Place& place) {
  Node map;
  map.kind = Node::Kind::map;
  map.place = place;
  return map;
}

// "training.stages[2] does not exist: training.stages has 2 elements, [0] to [1]."
std::string no_such_element(const std::string& list, const std::string& position, size_t size) {
  const std::string range = size == 0 ? "" : size == 1 ? ", [0]" : fmt::format(", [0] to [{}]", size - 1);
  return fmt::format("{0}[{1}] does not exist: {0} has {2}{3}.", list, position, plural(static_cast<int64_t>(size), "element"),
                     range);
}

class Merger {
 public:
  // `joins`: both are overrides, and a list that is not there may be given below.
  Merger(bool joins, Problems& problems) : joins_(joins), problems_(problems) {}

  // `type` describes both and is null where the description knows no such key.
  Node merge(const Type* type, Node lower, const Node& upper) {
    if (type && !(upper.kind == Node::Kind::map && changes_keys(*type, lower, upper))) {
      if (const auto whole = long_form(*type, upper)) return merge(type, std::move(lower), *whole);
    }
    switch (upper.kind) {
      case Node::Kind::elements: return merge_elements(type, std::move(lower), upper);
      case Node::Kind::list: return merge_list(type, std::move(lower), upper);
      case Node::Kind::map: return merge_map(type, std::move(lower), upper);
      default: return upper;
    }
  }

 private:
  static const Type* element_of(const Type* type) {
    return type && type->kind == Type::Kind::list ? &type->element.front() : nullptr;
  }

  Node merge_list(const Type* type, Node lower, const Node& upper) {
    Node list = upper;
    for (Node& item : list.items) item = merge(element_of(type), {}, item);
    return lower.kind == Node::Kind::elements ? merge(type, std::move(list), lower) : list;  // overrides have no order
  }

  Node merge_elements(const Type* type, Node lower, const Node& upper) {
    if (lower.kind == Node::Kind::list) {
      for (const Node::Entry& entry : upper.entries) {
        const auto position = parse_number<size_t>(entry.key).value_or(lower.items.size());
        if (position < lower.items.size()) {
          lower.items[position] = merge(element_of(type), std::move(lower.items[position]), entry.value);
        } else {
          problems_.add(entry.place, no_such_element(upper.text, entry.key, lower.items.size()));
        }
      }
      return lower;
    }
    if (joins_ && lower.kind == Node::Kind::elements) return merge_entries(nullptr, std::move(lower), upper);
    // The reader reports a list that is no list, and elements of a list that is not given.
    const bool is_wrong = type && type->kind == Type::Kind::list && lower.kind != Node::Kind::null;
    return is_wrong ? lower : upper;
  }

  Node merge_map(const Type* type, Node lower, const Node& upper) {
    if (lower.kind != Node::Kind::map) lower = empty_map(upper.place);
    std::string chosen;
    if (type && type->kind == Type::Kind::variant) {
      const std::string before = chosen_type(*type, lower, type->default_alternative);
      chosen = chosen_type(*type, upper, before);
      if (chosen != before) lower = empty_map(upper.place);
    }
    lower = merge_entries(type ? section_of(*type, chosen) : nullptr, std::move(lower), upper);
    if (Node::Entry* said = chosen.empty() ? nullptr : lower.find("type")) said->value.text = chosen;
    if (upper.place.line > 0) lower.place = upper.place;
    return lower;
  }

  Node merge_entries(const Section* section, Node lower, const Node& upper) {
    for (const Node::Entry& entry : upper.entries) {
      const std::string& name = present_name(section, upper, entry.key);
      const Key* key = section ? section->find(name) : nullptr;
      Node::Entry* below = lower.find(name);
      Node value = merge(key ? &key->type : nullptr, below ? std::move(below->value) : Node{}, entry.value);
      if (below) {
        *below = {name, entry.place, std::move(value)};
      } else {
        lower.entries.push_back({name, entry.place, std::move(value)});
      }
    }
    return lower;
  }

  bool joins_;
  Problems& problems_;
};

}  // namespace

Node merged(const Type& root, Node lower, const Node& upper, Problems& problems) {
  return Merger(false, problems).merge(&root, std::move(lower), upper);
}

Node joined(Node earlier, const Node& later, Problems& problems) {
  return Merger(true, problems).merge(nullptr, std::move(earlier), later);
}

}  // namespace hpcai::config
