#include "hpcai/config/short_form.h"

#include "hpcai/config/suggest.h"

namespace hpcai::config {
namespace {

Node scalar_node(const std::string& text, const Place& place) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.text = text;
  node.place = place;
  return node;
}

// The entry whose key chooses the alternative; null if there is none, or more than one.
const Node::Entry* naming_entry(const Type& type, const Node& node) {
  const Node::Entry* found = nullptr;
  for (const Node::Entry& entry : node.entries) {
    if (!type.find_alternative(entry.key) && !type.find_former(entry.key)) continue;
    if (found) return nullptr;
    found = &entry;
  }
  if (found || node.entries.size() != 1) return found;
  // One key that is no alternative: a wrong name, unless it is a misspelt `type`.
  const Node::Entry& only = node.entries.front();
  return unlikeness(only.key, "type").value_or(2) > 1 ? &only : nullptr;
}

}  // namespace

std::optional<Node> long_form(const Type& type, const Node& node) {
  if (!type.names_as_keys) return std::nullopt;
  Node whole;
  whole.kind = Node::Kind::map;
  whole.place = node.place;
  if (node.kind == Node::Kind::scalar) {
    whole.entries.push_back({"type", node.place, scalar_node(node.text, node.place)});
    return whole;
  }
  if (node.kind != Node::Kind::map || node.find("type")) return std::nullopt;
  const Node::Entry* named = naming_entry(type, node);
  if (!named) return std::nullopt;
  whole.entries.push_back({"type", named->place, scalar_node(named->key, named->place)});
  const Node& value = named->value;
  if (value.kind == Node::Kind::map && value.find("type")) return std::nullopt;  // given twice
  if (value.kind == Node::Kind::map) {
    whole.entries.insert(whole.entries.end(), value.entries.begin(), value.entries.end());
  } else if (value.kind != Node::Kind::null) {
    const Alternative* alternative = type.find_alternative(named->key);
    if (!alternative) alternative = type.find_former(named->key);
    const bool has_main = alternative && !alternative->main_key.empty();
    whole.entries.push_back({has_main ? alternative->main_key : "value", named->place, value});
  }
  for (const Node::Entry& entry : node.entries) {
    if (&entry == named) continue;
    if (whole.find(entry.key)) return std::nullopt;  // given twice
    whole.entries.push_back(entry);
  }
  return whole;
}

}  // namespace hpcai::config
