#include "hpcai/config/override.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "hpcai/config/words.h"
#include "hpcai/core/text.h"
#include "hpcai/core/utf8.h"

namespace hpcai::config {
namespace {

// One level of a path: a key, or the position of an element.
struct Step {
  std::string name;
  bool is_position = false;
  std::string list{};  // the path of the list; empty for a key
};

// Takes "[12]" off the front of `text`. Returns the position; nothing if there is none.
std::optional<std::string> take_position(std::string_view& text) {
  if (!text.starts_with('[')) return std::nullopt;
  std::string_view rest = text.substr(1);
  const auto position = take_number<size_t>(rest);
  if (!position || !rest.starts_with(']')) return std::nullopt;
  text = rest.substr(1);
  return std::to_string(*position);
}

// Divides "a.b[1].c". Returns nothing if it is malformed.
std::optional<std::vector<Step>> steps_of(std::string_view path) {
  std::vector<Step> steps;
  std::string_view rest = path;
  while (true) {
    const std::string_view name = rest.substr(0, rest.find_first_of(".["));
    if (name.empty() || name.find_first_of(" ]") != std::string_view::npos) return std::nullopt;
    steps.push_back({.name = std::string(name)});
    rest.remove_prefix(name.size());
    while (rest.starts_with('[')) {
      const std::string list(path.substr(0, path.size() - rest.size()));
      const auto position = take_position(rest);
      if (!position) return std::nullopt;
      steps.push_back({.name = *position, .is_position = true, .list = list});
    }
    if (steps.size() > kMaxConfigDepth) return std::nullopt;
    if (rest.empty()) return steps;
    if (!rest.starts_with('.')) return std::nullopt;
    rest.remove_prefix(1);
  }
}

// How the value of an override is given as plain text, whatever it means in YAML.
std::string quoting_advice(const std::string& path, const std::string& value) {
  const std::string text = path + "=\"" + value + '"';
  const bool is_short = text.size() <= 200 && value.find_first_of("\"\\") == std::string::npos && printable(text) == text;
  return "To give it as text, quote it: --set " + shell_word(is_short ? text : "data.train=\"*/x.h5\"");
}

}  // namespace

std::optional<Node> parse_override(const std::string& text, int order, Problems& problems) {
  const size_t equals = text.find('=');
  const std::string path = text.substr(0, equals);
  const Place place{order, "--set " + shown(path), 0};
  auto steps = find_invalid_utf8(path) ? std::nullopt : steps_of(path);
  if (equals == std::string::npos || !steps) {
    problems.add(place,
                 "an override must be written key=value, for example --set optimizer.lr=1e-3 or --set "
                 "'training.stages[0].epochs=3', where "
                 "the first element is [0].");
    return std::nullopt;
  }
  const std::string value = text.substr(equals + 1);
  Problems of_value;
  std::optional<Node> node = parse_document(value, place, of_value);
  problems.add(of_value, quoting_advice(path, value));
  for (; node && !steps->empty(); steps->pop_back()) {
    Step& step = steps->back();
    Node outer;
    outer.kind = step.is_position ? Node::Kind::elements : Node::Kind::map;
    outer.text = step.list;
    outer.place = place;
    outer.entries.push_back({std::move(step.name), place, std::move(*node)});
    node = std::move(outer);
  }
  return node;
}

}  // namespace hpcai::config
