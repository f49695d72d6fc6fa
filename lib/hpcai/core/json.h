#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace hpcai {

// Returns JSON as text, on one line or indented. A byte that is not UTF-8, as in a file name or a label, becomes U+FFFD. All code
// uses this function, because the library's dump() throws for such bytes.
std::string json_text(const nlohmann::json& json, int indent = -1);
std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

// Returns the JSON of a text. Code uses these functions so that the parser is compiled once. The first throws
// nlohmann::json::parse_error for any other text, the second returns a value that is_discarded().
nlohmann::json parse_json(std::string_view text);
nlohmann::json try_parse_json(std::string_view text);

// Returns the whole number from 0 on under `key`. Throws std::out_of_range for any other value. The library's get() would accept
// 7.5 and true as well.
inline int64_t count_at(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  const bool counts = found != object.end() && (found->is_number_unsigned() || (found->is_number_integer() && *found >= 0));
  const bool fits = counts && (!found->is_number_unsigned() || found->get<uint64_t>() <= uint64_t{INT64_MAX});
  if (!fits) throw std::out_of_range(std::string("'") + key + "' is not a whole number from 0 on");
  return found->get<int64_t>();
}

// Returns the finite number from `lowest` to `highest` under `key`. Throws std::out_of_range for any other value.
inline double number_at(const nlohmann::json& object, const char* key, double lowest, double highest) {
  const auto found = object.find(key);
  const bool good = found != object.end() && found->is_number() && *found >= lowest && *found <= highest;
  if (!good) throw std::out_of_range(std::string("'") + key + "' is not a number of the expected range");
  return found->get<double>();
}

}  // namespace hpcai
