#include "hpcai/config/suggest.h"

#include <algorithm>
#include <cctype>

#include "hpcai/config/nearest_keys.h"
#include "hpcai/config/words.h"
#include "hpcai/core/text.h"

namespace hpcai::config {
namespace {

bool is_word_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) || (c & 0x80); }

// "batch_size", "batch-size" and "batchSize" have the same words.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  bool after_small_letter = false;
  for (const char c : text) {
    const bool begins_word = after_small_letter && c >= 'A' && c <= 'Z';
    after_small_letter = c >= 'a' && c <= 'z';
    if (begins_word) words.emplace_back();
    if (is_word_character(c)) {
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::string glued(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : "_") + word;
  return text;
}

std::string initials(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += word.front();
  return text;
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Relations other than a typing error.
std::optional<double> relation(const std::vector<std::string>& written, const std::vector<std::string>& name,
                               std::string_view help) {
  const std::string a = glued(written);
  const std::string b = glued(name);
  if ((written.size() > 1 && initials(written) == b) || (name.size() > 1 && initials(name) == a)) return 2.2;
  if (std::min(a.size(), b.size()) >= 3 && (a.starts_with(b) || b.starts_with(a))) return 2.4;
  const auto help_words = words_of(help);
  const auto in_help = [&](const std::string& word) { return word.size() > 2 && contains(help_words, word); };
  if (std::all_of(written.begin(), written.end(), in_help)) return 2.6;
  const auto shared = [&](const std::string& word) { return word.size() >= 4 && contains(name, word); };
  if (std::any_of(written.begin(), written.end(), shared)) return 2.8;
  return std::nullopt;
}

// Returns the type of the variant at `path`: the one in the document or the default. Empty inside lists.
std::string chosen_type(const std::string& path, const std::vector<Row>& all, const Node& document) {
  const Node* node = &document;
  for (size_t begin = 0; node && begin < path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    const Node::Entry* entry = node->find(path.substr(begin, end - begin));
    node = entry ? &entry->value : nullptr;
    begin = end + 1;
  }
  if (const Node::Entry* type = node ? node->find("type") : nullptr) return type->value.text;
  for (const Row& row : all) {
    if (row.is_type && row.path == path + ".type" && row.key->type.kind == Type::Kind::variant) {
      return row.key->type.default_alternative;
    }
  }
  return "";
}

std::string parent_of(const std::string& path) {
  const size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

std::string without_indices(const std::string& path) {
  std::string out;
  for (size_t i = 0; i < path.size(); ++i) {
    out += path[i];
    if (path[i] == '[') i = path.find(']', i) - 1;
  }
  return out;
}

}  // namespace

std::optional<double> unlikeness(std::string_view written, std::string_view name, std::string_view help) {
  constexpr size_t kMaxLength = 64;  // longer than any key; the cost of a comparison grows with the square of the length
  if (written == name) return 0;
  if (written.size() > kMaxLength) return std::nullopt;
  const auto a_words = words_of(written);
  const auto b_words = words_of(name);
  if (a_words.empty() || b_words.empty()) return std::nullopt;
  const std::string a = glued(a_words);
  const std::string b = glued(b_words);
  if (a == b) return 0.1;
  std::optional<double> best = relation(a_words, b_words, help);
  const size_t distance = edit_distance(a, b);
  if (distance <= std::max<size_t>(1, std::max(a.size(), b.size()) / 3)) {
    const double cost = static_cast<double>(distance) - (a.front() == b.front() ? 0.1 : 0);
    best = std::min(best.value_or(cost), cost);
  }
  return best;
}

std::vector<Suggestion> suggest(std::string_view written, const Section& section, const std::string& path, const Node& given,
                                const std::vector<Row>& all, const Node& document) {
  constexpr double kOtherType = 0.4, kGivenAlready = 0.3;
  const std::string place = without_indices(path);
  std::vector<Suggestion> candidates;
  std::vector<KnownKey> keys;
  for (const Row& row : all) {
    // A section within itself has no rows of its own. It uses those of its struct.
    const bool own = row.owner && row.owner->identity == section.identity;
    const bool here = own || parent_of(row.path) == place;
    Suggestion candidate{here ? join_path(path, row.name) : row.path, row.name, {}, own || (row.is_type && here)};
    for (const Row::Choice& choice : row.when) {
      const bool is_chosen = candidate.sibling || chosen_type(choice.variant, all, document) == choice.type;
      if (!is_chosen) candidate.needs.push_back(choice);
    }
    KnownKey key = known_key(row);
    key.path = candidate.path;
    if (!candidate.needs.empty()) key.handicap += kOtherType;
    if (candidate.sibling && given.find(row.name)) key.handicap += kGivenAlready;
    candidates.push_back(std::move(candidate));
    keys.push_back(std::move(key));
  }
  std::vector<Suggestion> suggestions;
  for (const size_t i : nearest_positions(join_path(path, written), keys)) suggestions.push_back(std::move(candidates[i]));
  return suggestions;
}

}  // namespace hpcai::config
