#include "hpcai/config/source.h"

#include <fmt/format.h>

#include <optional>
#include <stdexcept>

#include "hpcai/config/document.h"
#include "hpcai/config/merge.h"
#include "hpcai/config/override.h"
#include "hpcai/config/reader.h"
#include "hpcai/config/words.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/text.h"
#include "hpcai/core/utf8.h"

namespace hpcai::config {
namespace {

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
      const std::optional<Node> parsed = parse_override(text, order_++, problems_);
      if (parsed) layer = layer ? joined(std::move(*layer), *parsed, problems_) : *parsed;
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

  void add_layer(const Node& layer) { document_ = merged(root_, document_ ? std::move(*document_) : Node{}, layer, problems_); }

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
