#include "hpcai/config/document.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "hpcai/config/raw_text.h"
#include "hpcai/config/words.h"

namespace hpcai::config {
namespace {

struct Stop {};  // thrown after a problem that makes further reading useless

struct Extent {
  size_t nodes = 1;
  size_t depth = 1;
};

Extent extent_of(const Node& node) {
  Extent extent;
  const auto add = [&](const Node& child) {
    const Extent part = extent_of(child);
    extent.nodes += part.nodes;
    extent.depth = std::max(extent.depth, part.depth + 1);
  };
  for (const Node& item : node.items) add(item);
  for (const Node::Entry& entry : node.entries) add(entry.value);
  return extent;
}

// Builds the tree from yaml-cpp's events. The events come before the expansion of aliases, so this class refuses cycles and large
// expansions before they take memory.
class Builder : public YAML::EventHandler {
 public:
  Builder(const std::string& text, Place source, Problems& problems)
      : text_(text), source_(std::move(source)), problems_(problems) {}

  Node take_root() { return std::move(root_); }

  // yaml-cpp 0.7 accepts the end of the text as a closing quote. Returns true, and reports the problem, if it did.
  bool refuse_open_quote() {
    if (!last_is_quoted_ || !is_open_quote(text_, position(last_scalar_))) return false;
    problems_.add(place(last_scalar_), "the quote that opens here is never closed.");
    return true;
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) stop(mark, "a second YAML document starts here; a config is exactly one.");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { leaf(mark, anchor, {}); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    refuse_tag(mark, tag);
    Node node;
    node.kind = Node::Kind::scalar;
    node.text = value;
    node.quoted = tag == "!";
    last_scalar_ = mark;
    last_is_quoted_ = node.quoted;
    leaf(mark, anchor, std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) stop(mark, "this alias (*) refers to something that contains it.");
    const Extent extent = extent_of(found->second);
    count(mark, extent.nodes);
    check_depth(mark, open_.size() + extent.depth);
    attach(found->second);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(mark, tag, anchor, Node::Kind::list);
  }
  void OnSequenceEnd() override { end(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    start(mark, tag, anchor, Node::Kind::map);
  }
  void OnMapEnd() override { end(); }

 private:
  struct PendingKey {
    std::string name;
    Place place;
    bool keep = true;
    bool lacks_colon = false;
  };
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    std::optional<PendingKey> key;
    std::set<std::string> names;
  };

  Place place(const YAML::Mark& mark) const {
    Place place = source_;
    if (source_.line > 0) place.line = std::max(mark.line, 0) + 1;
    return place;
  }

  static size_t position(const YAML::Mark& mark) { return static_cast<size_t>(std::max(mark.pos, 0)); }

  [[noreturn]] void stop(const YAML::Mark& mark, std::string text) {
    problems_.add(place(mark), std::move(text));
    throw Stop{};
  }

  void count(const YAML::Mark& mark, size_t nodes) {
    nodes_ += nodes;
    if (nodes_ <= kMaxConfigNodes) return;
    stop(mark, fmt::format("more than {} values, aliases (*) expanded; that is no config.", kMaxConfigNodes));
  }

  void check_depth(const YAML::Mark& mark, size_t depth) {
    if (depth > kMaxConfigDepth) stop(mark, fmt::format("nested more than {} levels deep.", kMaxConfigDepth));
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    problems_.add(place(mark), fmt::format("the YAML tag {} is not supported; leave it out.", shown(tag)));
  }

  void leaf(const YAML::Mark& mark, YAML::anchor_t anchor, Node node) {
    count(mark, 1);
    node.place = place(mark);
    finish(anchor, std::move(node));
  }

  void start(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    count(mark, 1);
    refuse_tag(mark, tag);
    check_depth(mark, open_.size() + 1);
    Open& open = open_.emplace_back();
    open.anchor = anchor;
    open.node.kind = kind;
    open.node.place = place(mark);
  }

  void end() {
    Open open = std::move(open_.back());
    open_.pop_back();
    finish(open.anchor, std::move(open.node));
  }

  void finish(YAML::anchor_t anchor, Node node) {
    if (anchor != 0) anchored_[anchor] = node;
    attach(std::move(node));
  }

  void attach(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Node::Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      parent.key = take_key(parent, node);
    } else {
      PendingKey key = std::move(*parent.key);
      parent.key.reset();
      if (key.lacks_colon && node.kind == Node::Kind::null) {
        problems_.add(key.place, fmt::format("a colon is missing after {}.", shown(key.name)));
      } else if (key.keep) {
        parent.node.entries.push_back({std::move(key.name), std::move(key.place), std::move(node)});
      }
    }
  }

  PendingKey take_key(Open& parent, const Node& node) {
    PendingKey key{node.text, node.place, false, is_key_without_colon(text_, position(last_scalar_), node.text)};
    if (node.kind != Node::Kind::scalar) {
      problems_.add(node.place, "a key must be a word.");
    } else if (node.text == "<<" && !node.quoted) {
      problems_.add(node.place, "merge keys (<<) are not supported; write the settings out, or start from `base:`.");
    } else if (!parent.names.insert(node.text).second) {
      const Node::Entry* first = parent.node.find(node.text);
      problems_.add(node.place, fmt::format("{} is given twice{}; keep one of them.", shown(node.text),
                                            first ? ", first at " + first->place.text() : ""));
    } else {
      key.keep = true;
    }
    return key;
  }

  const std::string& text_;
  Place source_;
  Problems& problems_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchored_;
  Node root_;
  YAML::Mark last_scalar_;
  bool last_is_quoted_ = false;
  size_t nodes_ = 0;
  int documents_ = 0;
};

void add_syntax_problem(const YAML::Exception& exception, const std::string& text, Place place, Problems& problems) {
  const int line = std::max(exception.mark.line, 0);
  if (place.line > 0) place.line = line + 1;
  const bool tab = line_of(text, line).find('\t') != std::string::npos;
  problems.add(place, fmt::format("this is not valid YAML ({}).{}", exception.msg,
                                  tab ? " The line holds a tab; YAML is indented with spaces." : ""));
}

}  // namespace

const Node::Entry* Node::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

Node::Entry* Node::find(std::string_view key) { return const_cast<Entry*>(std::as_const(*this).find(key)); }

std::optional<Node> parse_document(std::string_view raw, const Place& source, Problems& problems) {
  if (raw.size() > kMaxConfigBytes) {
    problems.add(source, fmt::format("larger than {} bytes; that is no config.", kMaxConfigBytes));
    return std::nullopt;
  }
  const std::string text = normalised(raw);
  if (!check_bytes(text, source, problems)) return std::nullopt;
  Builder builder(text, source, problems);
  std::istringstream stream(text);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& exception) {
    if (!builder.refuse_open_quote()) add_syntax_problem(exception, text, source, problems);
    return std::nullopt;
  }
  if (builder.refuse_open_quote()) return std::nullopt;
  Node root = builder.take_root();
  if (root.place.source.empty()) root.place = source;
  return root;
}

}  // namespace hpcai::config
