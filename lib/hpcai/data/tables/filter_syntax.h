#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// The language of conditions on the columns of a table:
//
//   condition  = and-part { "or" and-part }
//   and-part   = not-part { "and" not-part }
//   not-part   = "not" not-part | value ("<" | "<=" | ">" | ">=" | "==" | "=" | "!=" | "<>") value | "(" condition ")"
//   value      = product { ("+" | "-") product }
//   product    = factor { ("*" | "/") factor }
//   factor     = "-" factor | number | 'text' | column | "(" value ")"
//   column     = letters, digits, "_" and "." that begin with a letter or "_" | "any text" | `any text`
//
// Words may be written in upper or lower case. A quote within quotes is written twice.
namespace hpcai::data {

enum class FilterOperation {
  number,
  text,
  column,
  minus,
  add,
  subtract,
  multiply,
  divide,
  equal,
  unequal,
  less,
  at_most,
  greater,
  at_least,
  both,
  either,
  opposite
};

// A number, a text, a column, or an operation on nodes that stand before it in the list.
struct FilterNode {
  FilterOperation operation = FilterOperation::number;
  size_t left = 0, right = 0;  // positions of the operands
  double number = 0;
  std::string text{};  // of a text; the name of a column
  size_t at = 0;       // position in the condition's text, from 0
};

// Whether the node is true or false, rather than a value.
bool is_condition(const FilterNode& node);

// The nodes of a condition; the last is the whole. `setting` names it in messages ("data.filter"). Throws Error{usage} with the
// position for what is not in the language, and for texts of over 10,000 bytes.
std::vector<FilterNode> parse_filter(std::string_view text, const std::string& setting);

// Throws Error{usage}: "data.filter, character 7: <what>", with the text and a mark below the place.
[[noreturn]] void refuse_filter(std::string_view text, const std::string& setting, size_t at, const std::string& what);

}  // namespace hpcai::data
