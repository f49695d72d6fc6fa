#include "hpcai/config/scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "hpcai/config/nearest_keys.h"
#include "hpcai/core/text.h"

namespace hpcai::config {
namespace {

Scalar good(Json value) { return {std::move(value), "", true}; }
Scalar bad(std::string reason = "") { return {nullptr, std::move(reason), false}; }

// The parts of a decimal number: [sign] digits [. digits] [e [sign] digits].
struct Shape {
  bool number = false;  // whether the whole text has this form
  bool leading_zero = false;
  bool point = false;
  bool exponent = false;
};

Shape shape_of(std::string_view text) {
  Shape shape;
  size_t i = 0;
  const auto at = [&](std::string_view any) { return i < text.size() && any.find(text[i]) != std::string_view::npos; };
  const auto skip_digits = [&] {
    const size_t begin = i;
    while (at("0123456789")) ++i;
    return i - begin;
  };
  if (at("+-")) ++i;
  const bool zero = at("0");
  size_t digits = skip_digits();
  shape.leading_zero = zero && digits > 1;
  if (at(".")) {
    shape.point = true;
    ++i;
    digits += skip_digits();
  }
  shape.number = digits > 0;
  if (at("eE")) {
    shape.exponent = true;
    ++i;
    if (at("+-")) ++i;
    if (skip_digits() == 0) shape.number = false;
  }
  if (i != text.size()) shape.number = false;
  return shape;
}

std::string replaced(std::string text, char from, const std::string& to) {
  for (size_t i = text.find(from); i != std::string::npos; i = text.find(from, i + to.size())) text.replace(i, 1, to);
  return text;
}

// Returns the remedy for a notation that looks like a number but that YAML versions read differently.
std::string number_trap(const std::string& text) {
  const size_t sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  const std::string word = lower_case(text.substr(sign));
  if (shape_of(text).number && shape_of(text).leading_zero) {
    return "A leading zero means an octal number to some programs. Write it without.";
  }
  if (word.starts_with("0x") || word.starts_with("0o") || word.starts_with("0b")) return "Write it in decimal digits.";
  if (word == "inf" || word == ".inf" || word == "infinity" || word == "nan" || word == ".nan") {
    return "It must be finite.";
  }
  if (shape_of(text).number) return "";
  if (shape_of(replaced(text, '_', "")).number) return "Write it without underscores.";
  if (shape_of(replaced(text, ',', ".")).number) return "Write the decimal sign as a point.";
  return "";
}

std::string_view without_plus(std::string_view text) { return text.substr(text.starts_with('+') ? 1 : 0); }

Scalar read_integer(const std::string& text) {
  if (const std::string trap = number_trap(text); !trap.empty()) return bad(trap);
  const Shape shape = shape_of(text);
  if (!shape.number) return bad();
  if (shape.exponent) return bad("Write all its digits, without an exponent.");
  if (shape.point) return bad("Write it without a decimal point.");
  const auto value = parse_number<int64_t>(without_plus(text));
  return value ? good(*value) : bad("It does not fit into 64 bits.");
}

Scalar read_number(const std::string& text) {
  if (const std::string trap = number_trap(text); !trap.empty()) return bad(trap);
  if (!shape_of(text).number) return bad();
  const auto value = parse_number<double>(without_plus(text));
  return value ? good(*value) : bad("It does not fit into a double (4.9e-324 to 1.7e308).");
}

Scalar read_boolean(const std::string& text) {
  if (text == "true" || text == "false") return good(text == "true");
  const std::string word = lower_case(text);
  if (word == "yes" || word == "on" || word == "y" || word == "1" || word == "true") return bad("Write true.");
  if (word == "no" || word == "off" || word == "n" || word == "0" || word == "false") return bad("Write false.");
  return bad();
}

Scalar read_choice(const Type& type, const std::string& text) {
  if (std::find(type.choices.begin(), type.choices.end(), text) != type.choices.end()) return good(text);
  return bad(did_you_mean(nearest_names(text, type.choices)));
}

}  // namespace

Scalar read_scalar(const Type& type, const Node& node) {
  if (type.kind == Type::Kind::text) return good(node.text);
  if (type.kind == Type::Kind::choice) return read_choice(type, node.text);
  if (node.quoted) {
    Node plain = node;
    plain.quoted = false;
    return bad(read_scalar(type, plain).ok ? "Leave out the quotes." : "");
  }
  if (type.kind == Type::Kind::boolean) return read_boolean(node.text);
  return type.kind == Type::Kind::integer ? read_integer(node.text) : read_number(node.text);
}

}  // namespace hpcai::config
