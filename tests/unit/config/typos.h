#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hpcai/core/random.h"

// Typing errors as people make them, for tests of suggestions.
namespace typos {

// What a person has typed, and the key that was meant.
struct Typo {
  std::string kind, written, meant;
};

inline std::string section_of(const std::string& path) {
  const size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

inline std::string name_of(const std::string& path) { return path.substr(path.rfind('.') + 1); }

inline std::string joined(const std::string& section, const std::string& name) {
  return section.empty() ? name : section + "." + name;
}

// A letter beside `letter` on the keyboard.
inline char neighbour(char letter, hpcai::Random& random) {
  for (const std::string_view row : {"1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"}) {
    const size_t at = row.find(letter);
    if (at == std::string_view::npos) continue;
    if (at == 0) return row[1];
    return at + 1 == row.size() || random.below(2) == 0 ? row[at - 1] : row[at + 1];
  }
  return '-';
}

inline std::string with_slip(std::string word, const std::string& kind, hpcai::Random& random) {
  const size_t at = random.below(word.size());
  if (kind == "deletion") word.erase(at, 1);
  if (kind == "insertion") word.insert(at, 1, static_cast<char>('a' + random.below(26)));
  if (kind == "neighbouring key") word[at] = neighbour(word[at], random);
  if (kind == "doubled letter") word.insert(at, 1, word[at]);
  if (kind == "transposition") std::swap(word[at], word[at + 1 < word.size() ? at + 1 : at - 1]);
  return word;
}

inline std::string camel_case(const std::string& name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '_' && i + 1 < name.size()) {
      out += static_cast<char>(std::toupper(static_cast<unsigned char>(name[++i])));
    } else {
      out += name[i];
    }
  }
  return out;
}

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// The other spelling of English, or the same text.
inline std::string other_spelling(const std::string& path) {
  for (const auto& [british, american] : std::vector<std::pair<std::string, std::string>>{{"optimiser", "optimizer"},
                                                                                          {"colour", "color"},
                                                                                          {"grey", "gray"},
                                                                                          {"centre", "center"},
                                                                                          {"isation", "ization"},
                                                                                          {"ised", "ized"},
                                                                                          {"ise", "ize"},
                                                                                          {"labelled", "labeled"},
                                                                                          {"catalogue", "catalog"},
                                                                                          {"neighbour", "neighbor"},
                                                                                          {"parallax", "paralax"},
                                                                                          {"normalis", "normaliz"}}) {
    if (path.find(british) != std::string::npos) return replaced(path, british, american);
    if (path.find(american) != std::string::npos) return replaced(path, american, british);
  }
  return path;
}

inline std::string mistyped(const std::string& path, const std::string& kind, const std::string& other_section,
                            hpcai::Random& random) {
  const std::string section = section_of(path), name = name_of(path);
  if (kind == "wrong section") return joined(other_section, name);
  if (kind == "no section") return name;
  if (kind == "slip in the section") return section.size() < 4 ? path : joined(with_slip(section, "deletion", random), name);
  if (kind == "hyphen") return replaced(path, "_", "-");
  if (kind == "camel case") return joined(section, camel_case(name));
  if (kind == "spelling") return other_spelling(path);
  if (kind == "number") return name.ends_with('s') ? path.substr(0, path.size() - 1) : path + "s";
  return name.size() < 3 ? path : joined(section, with_slip(name, kind, random));
}

// `count` typos of these keys, of all kinds alike. None is itself a key.
inline std::vector<Typo> make(const std::vector<std::string>& keys, size_t count) {
  static const std::vector<std::string> kinds = {"deletion",      "insertion",     "neighbouring key", "doubled letter",
                                                 "transposition", "wrong section", "no section",       "slip in the section",
                                                 "hyphen",        "camel case",    "spelling",         "number"};
  hpcai::Random random(7, 0, 0, hpcai::Purpose::test);
  std::vector<Typo> all;
  for (size_t n = 0; all.size() < count; ++n) {
    const std::string& path = keys[random.below(keys.size())];
    const std::string& kind = kinds[all.size() % kinds.size()];
    const std::string written = mistyped(path, kind, section_of(keys[random.below(keys.size())]), random);
    if (written.empty() || std::find(keys.begin(), keys.end(), written) != keys.end()) continue;
    all.push_back({kind, written, path});
  }
  return all;
}

// Whether the key that was meant is among the suggestions. A text without the right section does not say which of several keys of
// one name is meant; then any of them counts.
inline bool is_hit(const Typo& typo, const std::vector<std::string>& suggestions) {
  const bool has_section = typo.kind != "wrong section" && typo.kind != "no section";
  return std::any_of(suggestions.begin(), suggestions.end(), [&](const std::string& key) {
    return key == typo.meant || (!has_section && name_of(key) == name_of(typo.meant));
  });
}

}  // namespace typos
