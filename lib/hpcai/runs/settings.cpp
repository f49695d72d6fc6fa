#include "hpcai/runs/settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/text.h"

namespace hpcai::runs {
namespace {

// A section whose lines are being read.
struct Level {
  size_t indent = 0;   // of its lines
  std::string path;    // "training.stages[0]"
  int64_t items = -1;  // of a list: the sections so far; -1: not a list
};

// Returns the text of a quoted or plain key at the start of `rest` and removes it with its colon; nothing if there is no key.
std::optional<std::string> take_key(std::string_view& rest) {
  const bool quoted = rest.starts_with('"');
  const size_t end = quoted ? rest.find('"', 1) : rest.find(':');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string key(quoted ? rest.substr(1, end - 1) : rest.substr(0, end));
  rest.remove_prefix(quoted ? end + 1 : end);
  if (!rest.starts_with(':') || key.empty()) return std::nullopt;
  rest.remove_prefix(1);
  if (!rest.empty() && rest.front() != ' ') return std::nullopt;
  rest = trim(rest);
  return key;
}

class Scanner {
 public:
  explicit Scanner(Settings& settings) : settings_(settings) { levels_.push_back({0, "", -1}); }

  // Returns false for a line that write_yaml() does not write.
  bool take(std::string_view line) {
    const size_t indent = line.find_first_not_of(' ');
    if (indent == std::string_view::npos || line[indent] == '#') return true;
    std::string_view rest = line.substr(indent);
    if (opened_) open(indent);
    if (rest.starts_with("- ")) return take_item(indent, rest.substr(2));
    return leave_to(indent) && take_pair(rest);
  }

 private:
  // Begins the section whose key stood alone in the line before.
  void open(size_t indent) {
    levels_.push_back({indent, *opened_, -1});
    opened_.reset();
  }

  bool leave_to(size_t indent) {
    while (levels_.size() > 1 && levels_.back().indent > indent) levels_.pop_back();
    return levels_.back().indent == indent;
  }

  // The keys of an item stand two columns right of its dash.
  bool take_item(size_t indent, std::string_view rest) {
    if (!leave_to(indent)) return false;
    Level& list = levels_.back();
    const std::string path = fmt::format("{}[{}]", list.path, ++list.items);
    if (rest.starts_with('{')) {
      settings_.add(path, std::string(rest));
      return true;
    }
    levels_.push_back({indent + 2, path, -1});
    return take_pair(rest);
  }

  bool take_pair(std::string_view rest) {
    const auto key = take_key(rest);
    if (!key) return false;
    const std::string& section = levels_.back().path;
    std::string path = section.empty() ? *key : fmt::format("{}.{}", section, *key);
    if (rest.empty()) {
      opened_ = std::move(path);
    } else {
      settings_.add(std::move(path), std::string(rest));
    }
    return true;
  }

  Settings& settings_;
  std::vector<Level> levels_;          // from the outermost section
  std::optional<std::string> opened_;  // path of a section without a line yet
};

std::string unquoted(const std::string& text) {
  std::string out;
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] != '\\' || i + 2 >= text.size()) {
      out += text[i];
    } else if (text[++i] == 'n') {
      out += '\n';
    } else {
      if (text[i] != '"' && text[i] != '\\') out += '\\';  // other escapes stay as they are
      out += text[i];
    }
  }
  return out;
}

}  // namespace

const std::string* Settings::find(std::string_view key) const {
  const auto found = std::ranges::find(entries_, key, &Entry::first);
  return found == entries_.end() ? nullptr : &found->second;
}

Settings parse_settings(std::string_view yaml, std::optional<std::string>& damage) {
  Settings settings;
  Scanner scanner(settings);
  for (int64_t number = 1; !yaml.empty(); ++number) {
    const size_t end = std::min(yaml.find('\n'), yaml.size());
    if (!scanner.take(yaml.substr(0, end))) {
      damage = fmt::format("line {} is not as this program writes it", number);
      return settings;
    }
    yaml.remove_prefix(std::min(end + 1, yaml.size()));
  }
  return settings;
}

nlohmann::json value_of(const std::string& text) {
  if (text == "null") return nullptr;
  if (text == "true" || text == "false") return text == "true";
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return unquoted(text);
  if (const auto whole = parse_number<int64_t>(text)) return *whole;
  if (const auto number = parse_number<double>(text)) return *number;
  return text;
}

}  // namespace hpcai::runs
