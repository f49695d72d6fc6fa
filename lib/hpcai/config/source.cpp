#include "hpcai/config/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "hpcai/config/document.h"
#include "hpcai/config/reader.h"
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

const Type* type_below(const Type* type, const std::string& chosen, const std::string& name) {
  const Section* section = type ? section_of(*type, chosen) : nullptr;
  const Key* key = section ? section->find(name) : nullptr;
  return key ? &key->type : nullptr;
}

// Returns the type of a variant's section: the stated one, or the default.
std::string chosen_type(const Type& type, const Node& node) {
  const Node::Entry* entry = node.find("type");
  return entry ? entry->value.text : type.default_alternative;
}

// Merges two layers; `upper` wins. `type` describes both. It is null if the description has no such key.
Node merged(const Type* type, Node lower, const Node& upper) {
  if (lower.kind != Node::Kind::map || upper.kind != Node::Kind::map) return upper;
  std::string chosen;
  if (type && type->kind == Type::Kind::variant) {
    const Node::Entry* after = upper.find("type");
    chosen = chosen_type(*type, lower);
    if (after && after->value.text != chosen) return upper;
  }
  for (const Node::Entry& entry : upper.entries) {
    if (Node::Entry* below = lower.find(entry.key)) {
      below->value = merged(type_below(type, chosen, entry.key), std::move(below->value), entry.value);
      below->place = entry.place;
    } else {
      lower.entries.push_back(entry);
    }
  }
  if (upper.place.line > 0) lower.place = upper.place;
  return lower;
}

// Renames keys and types with former names to their present names. If both names occur, an override wins over a file. Two names
// in one kind of source stay, and the reader refuses them.
void rename(const Type& type, Node& node) {
  if (type.kind == Type::Kind::list) {
    for (Node& item : node.items) rename(type.element.front(), item);
  }
  if (node.kind != Node::Kind::map) return;
  if (Node::Entry* chosen = node.find("type")) {
    const Alternative* renamed = type.find_former(chosen->value.text);
    if (renamed) chosen->value.text = renamed->name;
  }
  const Section* section = section_of(type, chosen_type(type, node));
  if (!section) return;
  for (size_t i = 0; i < node.entries.size();) {
    Node::Entry& entry = node.entries[i];
    const Key* renamed = section->find(entry.key) ? nullptr : section->find_former(entry.key);
    Node::Entry* present = renamed ? node.find(renamed->name) : nullptr;
    const bool overrides = present && entry.place.line == 0 && present->place.line > 0;  // only places in files have lines
    if (overrides) {
      present->value = std::move(entry.value);
      present->place = entry.place;
      node.entries.erase(node.entries.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    }
    if (renamed && !present) entry.key = renamed->name;
    if (const Key* key = section->find(entry.key)) rename(key->type, entry.value);
    ++i;
  }
}

class Sources {
 public:
  explicit Sources(const Section& description) : description_(description) { root_.section = LazySection(description); }

  void add_file(const std::filesystem::path& path) {
    const std::optional<std::string> text = read_text(path, {order_, printable(path), 1});
    std::optional<Node> document = text ? parse(*text, printable(path)) : std::nullopt;
    if (document && add_base(*document, path)) document_ = std::move(document);
  }

  void add_text(std::string_view text, const std::string& name) { document_ = parse(text, name); }

  // Renames the former keys of the document.
  void rename_former_keys() {
    if (document_) rename(root_, *document_);
  }

  // All overrides form one layer, so the order of overrides of different keys does not matter.
  void add_overrides(const std::vector<std::string>& overrides) {
    std::optional<Node> layer;
    for (const std::string& text : overrides) {
      const std::optional<Node> parsed = parse_override(text);
      if (parsed) layer = layer ? merged(nullptr, std::move(*layer), *parsed) : *parsed;
    }
    if (!layer || !document_) return;
    const Place place = document_->place;
    // A file with nothing but comments gives no values, so the overrides are the whole document.
    document_ = document_->kind == Node::Kind::null ? std::move(*layer) : merged(&root_, std::move(*document_), *layer);
    document_->place = place;
  }

  Json values() {
    if (document_) {
      Json values = resolve(description_, *document_, problems_);
      problems_.throw_if_any();
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

  // Reads the file under the key `base` and merges the document over it. Returns false, and reports the problem, if that fails.
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
    document = merged(&root_, std::move(*base), document);
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
    std::optional<Node> node = parse_document(text.substr(equals + 1), place, problems_);
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

Json read_values(const Section& description, const std::filesystem::path& path, const std::vector<std::string>& overrides) {
  Sources sources(description);
  sources.add_file(path);
  sources.rename_former_keys();
  sources.add_overrides(overrides);
  sources.rename_former_keys();
  return sources.values();
}

Json parse_values(const Section& description, std::string_view text, const std::string& name,
                  const std::vector<std::string>& overrides) {
  Sources sources(description);
  sources.add_text(text, name);
  sources.rename_former_keys();
  sources.add_overrides(overrides);
  sources.rename_former_keys();
  return sources.values();
}

}  // namespace hpcai::config
