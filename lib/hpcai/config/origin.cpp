#include "hpcai/config/origin.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/config/words.h"

namespace hpcai::config {
namespace {

void collect(const Node& node, const Place& place, const std::string& path, Origins& origins) {
  const bool holds_sections = std::ranges::any_of(node.items, [](const Node& item) { return item.kind == Node::Kind::map; });
  if (node.kind == Node::Kind::map) {
    for (const Node::Entry& entry : node.entries) collect(entry.value, entry.place, join_path(path, entry.key), origins);
  } else if (holds_sections) {
    for (size_t i = 0; i < node.items.size(); ++i) {
      collect(node.items[i], node.items[i].place, fmt::format("{}[{}]", path, i), origins);
    }
  } else {
    origins[path] = place.text();
  }
}

}  // namespace

Origins origins_of(const Node& document) {
  Origins origins;
  if (document.kind == Node::Kind::map) collect(document, document.place, "", origins);
  return origins;
}

}  // namespace hpcai::config
