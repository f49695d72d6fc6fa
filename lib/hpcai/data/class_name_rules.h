#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "hpcai/core/error.h"

namespace hpcai::data {

// Where class names come from, for messages.
struct ClassNameOrigin {
  std::string noun;                                // "label", "class name"
  std::function<std::string(size_t index)> where;  // "labels.csv:7", "data.classes"
  std::function<std::string(size_t index)> line;   // " (line 7)" behind the other of two names; may be null
  std::string place;                               // "in column label": where the user corrects them
  ExitCode code = ExitCode::bad_data;
  // Whether the user has listed the names in data.classes. Then a name may be a word that stands for a missing value, and two
  // names may differ in spelling alone.
  bool are_stated = false;
};

// Judges class names, wherever they come from. Throws Error{origin.code} for the first name that is empty, not UTF-8, holds
// characters that cannot be shown, has blanks at its ends, or stands twice. Unless the names are stated, also for one that stands
// for a missing value, or that differs from an earlier one in upper and lower case, as numbers are written (0, 0.0), or as
// accents are encoded (one code point, or a letter and a combining mark) alone.
void check_class_names(const std::vector<std::string>& names, const ClassNameOrigin& origin);

// The same for the names of data.classes.
void check_stated_class_names(const std::vector<std::string>& names);

// How two different names are spellings of one: "in upper and lower case alone", "only in how the number is written", ...; empty
// if they are not.
std::string spelling_difference(const std::string& a, const std::string& b);

}  // namespace hpcai::data
