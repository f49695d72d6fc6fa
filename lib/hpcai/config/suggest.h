#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/config/description.h"
#include "hpcai/config/document.h"

namespace hpcai::config {

// How far a written name is from a valid one: 0 equal, 1 for each wrong, missing, surplus letter or swapped pair, 2 to
// 3 for names related otherwise (initials, a shared word, the words of the help). Nothing if they share too little.
std::optional<double> unlikeness(std::string_view written, std::string_view name, std::string_view help = "");

// The valid name that was most likely meant.
std::optional<std::string> nearest(std::string_view written, const std::vector<std::string>& names);

struct Suggestion {
  std::string path;                // "optimizer.lr"
  std::string name;                // "lr"
  std::vector<Row::Choice> needs;  // alternatives that the document does not choose, but the key needs
  bool sibling = false;            // belongs to the section where the unknown key stands
};

// For key `written` of section `section` at `path`: the most likely valid key, here or in another section. `all` are
// the rows of the whole description, `given` is the map that holds the key.
std::optional<Suggestion> suggest(std::string_view written, const Section& section, const std::string& path, const Node& given,
                                  const std::vector<Row>& all, const Node& document);

}  // namespace hpcai::config
