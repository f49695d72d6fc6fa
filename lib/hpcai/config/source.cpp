#include "hpcai/config/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "hpcai/config/document.h"
#include "hpcai/config/reader.h"
#include "hpcai/config/short_form.h"
#include "hpcai/config/words.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/text.h"
#include "hpcai/core/utf8.h"

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

Node empty_map(const Place& place) {
  Node map;
  map.kind = Node::Kind::map;
  map.place = place;
  return map;
}

// The layer `upper` as it was read, over `lower`, which this function has returned or which is empty. `upper` wins. Keys and
// types under their former names get those that they have now. `type` describes both and is null where the description knows no
// such key. Sections in the short form get the long one.
Node merged(const Type* type, Node lower, const Node& upper) {
  if (type) {
    if (const auto whole = long_form(*type, upper)) return merged(type, std::move(lower), *whole);
  }
  if (upper.kind == Node::Kind::list) {
    Node list = upper;
    const Type* element = type && type->kind == Type::Kind::list ? &type->element.front() : nullptr;
    for (Node& item : list.items) item = merged(element, {}, item);
    return list;
  }
  if (upper.kind != Node::Kind::map) return upper;
  if (lower.kind != Node::Kind::map) lower = empty_map(upper.place);
  std::string chosen;
  if (type && type->kind == Type::Kind::variant) {
    const std::string before = chosen_type(*type, lower, type->default_alternative);
    chosen = chosen_type(*type, upper, before);
    if (chosen != before) lower = empty_map(upper.place);
  }
  const Section* section = type ? section_of(*type, chosen) : nullptr;
  for (const Node::Entry& entry : upper.entries) {
    const std::string& name = present_name(section, upper, entry.key);
    const Key* key = section ? section->find(name) : nullptr;
    Node::Entry* below = lower.find(name);
    Node value = merged(key ? &key->type : nullptr, below ? std::move(below->value) : Node{}, entry.value);
    if (below) {
      *below = {name, entry.place, std::move(value)};
    } else {
      lower.entries.push_back({name, entry.place, std::move(value)});
    }
  }
  if (Node::Entry* said = chosen.empty() ? nullptr : lower.find("type")) said->value.text = chosen;
  if (upper.place.line > 0) lower.place = upper.place;
  return lower;
}

// How the value of an override is given as plain text, whatever it means in YAML.
std::string quoting_advice(const std::string& path, const std::string& value) {
  const std::string text = path + "=\"" + value + '"';
  const bool is_short = text.size() <= 200 && value.find_first_of("\"\\") == std::string::npos && printable(text) == text;
  return "To give it as text, quote it: --set " + shell_word(is_short ? text : "data.train=\"*/x.h5\"");
}

class Sources {
 public:
  explicit Sources(const Section& description) : description_(description) { root_.section = LazySection(description); }

  void add_file(const std::filesystem::path& path) {
    const std::optional<std::string> text = read_text(path, {order_, printable(path), 1});
    std::optional<Node> document = text ? parse(*text, printable(path)) : std::nullopt;
    if (document && add_base(*document, path)) add_layer(*document);
  }

  void add_text(std::string_view text, const std::string& name) {
    if (const auto document = parse(text, name)) add_layer(*document);
  }

  // All overrides form one layer, so the order of overrides of different keys does not matter.
  void add_overrides(const std::vector<std::string>& overrides) {
    std::optional<Node> layer;
    for (const std::string& text : overrides) {
      const std::optional<Node> parsed = parse_override(text);
      if (parsed) layer = layer ? merged(nullptr, std::move(*layer), *parsed) : *parsed;
    }
    // Nothing but comments in the file (null): the overrides are all there is. Anything else but a map is refused by values().
    if (!layer || !document_ || document_->kind == Node::Kind::list || document_->kind == Node::Kind::scalar) return;
    const Place place = document_->place;
    add_layer(*layer);
    document_->place = place;
  }

  Json values(Origins* origins = nullptr) {
    if (document_) {
      Json values = resolve(description_, *document_, problems_);
      problems_.throw_if_any();
      if (origins != nullptr) *origins = origins_of(*document_);
      return values;
    }
    problems_.throw_if_any();
    throw std::logic_error("a config was not read, but nothing is wrong with it");
  }

 private:
  std::optional<std::string> read_text(const std::filesystem::path& path, const Place& place) {
    try {
      return read_file(path, kMaxConfigBytes);
    } catch (const Error& error) {
      if (error.code() != ExitCode::bad_data) throw;
      problems_.add(place, fmt::format("larger than {} bytes; that is no config.", kMaxConfigBytes));
      return std::nullopt;
    }
  }

  std::optional<Node> parse(std::string_view text, const std::string& name) {
    return parse_document(text, {order_++, name, 1}, problems_);
  }

  void add_layer(const Node& layer) { document_ = merged(&root_, document_ ? std::move(*document_) : Node{}, layer); }

  // Adds the file named by the key `base`, and takes that key out of the document. False, and reported, if that cannot be done.
  bool add_base(Node& document, const std::filesystem::path& path) {
    const Node::Entry* found = document.find("base");
    if (!found) return true;
    const Node::Entry entry = *found;
    document.entries.erase(document.entries.begin() + (found - document.entries.data()));
    if (entry.value.kind != Node::Kind::scalar || entry.value.text.empty()) {
      problems_.add(entry.place, "base must be the path of another config file, relative to this one.");
      return false;
    }
    const std::filesystem::path base_path = path.parent_path() / entry.value.text;
    std::error_code code;
    if (!std::filesystem::is_regular_file(base_path, code)) {
      throw Error(ExitCode::missing_input,
                  fmt::format("{}: the base {} is not a file", entry.place.text(), shown(base_path.string())),
                  "A base is given relative to the file that names it.");
    }
    const auto text = read_text(base_path, {order_, printable(base_path), 1});
    std::optional<Node> base = text ? parse(*text, printable(base_path)) : std::nullopt;
    if (!base) return false;
    if (const Node::Entry* again = base->find("base")) {
      problems_.add(again->place, "a base may not have a base of its own; write the settings into this file.");
      return false;
    }
    if (base->kind != Node::Kind::map) {
      problems_.add(base->place, "a base must be made of `key: value` lines.");
      return false;
    }
    add_layer(*base);
    return true;
  }

  // Converts "a.b.c=value" to the document {a: {b: {c: value}}}.
  std::optional<Node> parse_override(const std::string& text) {
    const size_t equals = text.find('=');
    const std::string path = text.substr(0, equals);
    const Place place{order_++, "--set " + shown(path), 0};
    const auto dots = static_cast<size_t>(std::count(path.begin(), path.end(), '.'));
    const bool malformed = path.empty() || dots >= kMaxConfigDepth || path.front() == '.' || path.back() == '.' ||
                           path.find("..") != std::string::npos || path.find(' ') != std::string::npos || find_invalid_utf8(path);
    if (equals == std::string::npos || malformed) {
      problems_.add(place, "an override must be written key=value, for example --set optimizer.lr=1e-3.");
      return std::nullopt;
    }
    const std::string value = text.substr(equals + 1);
    Problems of_value;
    std::optional<Node> node = parse_document(value, place, of_value);
    problems_.add(of_value, quoting_advice(path, value));
    for (size_t end = path.size(); node && end != std::string::npos;) {
      const size_t dot = path.rfind('.', end - 1);
      const size_t begin = dot == std::string::npos ? 0 : dot + 1;
      Node outer;
      outer.kind = Node::Kind::map;
      outer.place = place;
      outer.entries.push_back({path.substr(begin, end - begin), place, std::move(*node)});
      node = std::move(outer);
      end = dot;
    }
    return node;
  }

  const Section& description_;
  Type root_;  // the description as the type of the whole document
  Problems problems_;
  std::optional<Node> document_;
  int order_ = 0;
};

}  // namespace

Json read_values(const Section& description, const std::filesystem::path& path, const std::vector<std::string>& overrides,
                 Origins* origins) {
  Sources sources(description);
  sources.add_file(path);
  sources.add_overrides(overrides);
  return sources.values(origins);
}

Json parse_values(const Section& description, std::string_view text, const std::string& name,
                  const std::vector<std::string>& overrides) {
  Sources sources(description);
  sources.add_text(text, name);
  sources.add_overrides(overrides);
  return sources.values();
}

}  // namespace hpcai::config
