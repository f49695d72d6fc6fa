#include "hpcai/core/json.h"

namespace hpcai {
namespace {

template <class Json>
std::string text_of(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string json_text(const nlohmann::json& json, int indent) { return text_of(json, indent); }

std::string json_text(const nlohmann::ordered_json& json, int indent) { return text_of(json, indent); }

nlohmann::json parse_json(std::string_view text) { return nlohmann::json::parse(text); }

nlohmann::json try_parse_json(std::string_view text) { return nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false); }

}  // namespace hpcai
