#include "validate.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace sample {
namespace {

using hpcai::config::Json;

bool has_type(const std::string& type, const Json& value) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  return type == "null" && value.is_null();
}

bool in_range(const std::string& keyword, const Json& limit, const Json& value) {
  if (!value.is_number()) return true;
  const double number = value, bound = limit;
  if (keyword == "minimum") return number >= bound;
  if (keyword == "maximum") return number <= bound;
  return keyword == "exclusiveMinimum" ? number > bound : number < bound;
}

class Validator {
 public:
  explicit Validator(const Json& root) : root_(root) {}

  bool obeys(const Json& schema, const Json& value) const {
    if (schema.contains("$ref")) {  // in draft-07 what stands beside it is ignored
      if (schema.size() > 1) throw std::logic_error("a keyword beside $ref is ignored");
      return obeys(target(schema["$ref"]), value);
    }
    for (const auto& [keyword, rule] : schema.items()) {
      if (!obeys(schema, keyword, rule, value)) return false;
    }
    return true;
  }

 private:
  const Json& target(const std::string& reference) const {
    const std::string start = "#/definitions/";
    if (!reference.starts_with(start)) throw std::logic_error("reference " + reference);
    return root_.at("definitions").at(reference.substr(start.size()));
  }

  bool obeys(const Json& schema, const std::string& keyword, const Json& rule, const Json& value) const {
    const auto fits = [&](const Json& part) { return obeys(part, value); };
    static const std::vector<std::string> kNotes = {"$schema", "title", "description", "default", "definitions", "then"};
    static const std::vector<std::string> kRanges = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"};
    if (std::ranges::find(kNotes, keyword) != kNotes.end()) return true;
    if (std::ranges::find(kRanges, keyword) != kRanges.end()) return in_range(keyword, rule, value);
    if (keyword == "allOf") return std::all_of(rule.begin(), rule.end(), fits);
    if (keyword == "anyOf") return std::any_of(rule.begin(), rule.end(), fits);
    if (keyword == "not") return !obeys(rule, value);
    if (keyword == "if") return !obeys(rule, value) || obeys(schema.at("then"), value);
    if (keyword == "const") return value == rule;
    if (keyword == "enum") return std::find(rule.begin(), rule.end(), value) != rule.end();
    if (keyword == "type") {
      const Json types = rule.is_array() ? rule : Json::array({rule});
      return std::any_of(types.begin(), types.end(), [&](const Json& type) { return has_type(type, value); });
    }
    if (keyword == "items") {
      return !value.is_array() || std::all_of(value.begin(), value.end(), [&](const Json& item) { return obeys(rule, item); });
    }
    return members_obey(schema, keyword, rule, value);
  }

  bool members_obey(const Json& schema, const std::string& keyword, const Json& rule, const Json& value) const {
    if (keyword != "required" && keyword != "properties" && keyword != "additionalProperties") {
      throw std::logic_error("keyword " + keyword);
    }
    if (!value.is_object()) return true;
    if (keyword == "required") {
      return std::all_of(rule.begin(), rule.end(), [&](const Json& name) { return value.contains(name.get<std::string>()); });
    }
    for (const auto& [name, part] : value.items()) {
      if (keyword == "properties" && rule.contains(name) && !obeys(rule[name], part)) return false;
      if (keyword == "additionalProperties" && !schema.at("properties").contains(name)) return false;
    }
    return true;
  }

  const Json& root_;
};

}  // namespace

bool obeys(const Json& schema, const Json& value) { return Validator(schema).obeys(schema, value); }

}  // namespace sample
