#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/config/description.h"
#include "hpcai/config/document.h"

namespace hpcai::config {

// Returns the distance of a written name from a valid one: 0 for equal names, 1 for each wrong, missing or surplus letter or
// swapped pair, 2 to 3 for other relations (initials, a common word, the words of the help). Returns nothing for unrelated names.
std::optional<double> unlikeness(std::string_view written, std::string_view name, std::string_view help = "");

struct Suggestion {
  std::string path;                // "optimizer.lr"
  std::string name;                // "lr"
  std::vector<Row::Choice> needs;  // alternatives that the key needs and the document does not choose
  bool sibling = false;            // whether the key belongs to the section of the unknown key
};

// Returns the most likely valid keys for the unknown key `written` in section `section` at `path`, the likeliest first, at most
// kMostSuggestions. They may belong to other sections. `all`: the rows of the whole description. `given`: the map that holds the
// unknown key.
std::vector<Suggestion> suggest(std::string_view written, const Section& section, const std::string& path, const Node& given,
                                const std::vector<Row>& all, const Node& document);

}  // namespace hpcai::config
