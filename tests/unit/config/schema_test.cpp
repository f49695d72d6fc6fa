#include <catch2/catch.hpp>

#include <algorithm>

#include "hpcai/core/random.h"
#include "sample.h"

using namespace hpcai::config;

namespace {

bool valid(const Json& schema, const Json& value);

bool has_type(const std::string& type, const Json& value) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  return type == "null" && value.is_null();
}

int count_valid(const Json& schemas, const Json& value) {
  return static_cast<int>(
      std::count_if(schemas.begin(), schemas.end(), [&](const Json& schema) { return valid(schema, value); }));
}

bool object_valid(const Json& schema, const Json& value) {
  const Json none = Json::object();
  const Json& properties = schema.contains("properties") ? schema["properties"] : none;
  for (const auto& [name, part] : value.items()) {
    if (properties.contains(name) ? !valid(properties[name], part) : schema.contains("additionalProperties")) return false;
  }
  if (!schema.contains("required")) return true;
  return std::all_of(schema["required"].begin(), schema["required"].end(),
                     [&](const Json& name) { return value.contains(name.get<std::string>()); });
}

bool keyword_valid(const std::string& keyword, const Json& rule, const Json& value) {
  if (keyword == "type") {
    const Json types = rule.is_array() ? rule : Json::array({rule});
    return std::any_of(types.begin(), types.end(), [&](const Json& type) { return has_type(type, value); });
  }
  if (keyword == "const") return value == rule;
  if (keyword == "enum") return std::find(rule.begin(), rule.end(), value) != rule.end();
  if (keyword == "oneOf") return count_valid(rule, value) == 1;
  if (keyword == "anyOf") return count_valid(rule, value) > 0;
  if (!value.is_number()) return true;
  const double number = value;
  if (keyword == "minimum") return number >= rule.get<double>();
  if (keyword == "maximum") return number <= rule.get<double>();
  if (keyword == "exclusiveMinimum") return number > rule.get<double>();
  if (keyword == "exclusiveMaximum") return number < rule.get<double>();
  return true;
}

// Draft-07 as far as the schema uses it; an unknown keyword is an error.
bool valid(const Json& schema, const Json& value) {
  for (const auto& [keyword, rule] : schema.items()) {
    static const std::vector<std::string> kKnown = {"$schema",
                                                    "title",
                                                    "description",
                                                    "default",
                                                    "type",
                                                    "const",
                                                    "enum",
                                                    "oneOf",
                                                    "anyOf",
                                                    "items",
                                                    "minimum",
                                                    "maximum",
                                                    "exclusiveMinimum",
                                                    "exclusiveMaximum",
                                                    "properties",
                                                    "required",
                                                    "additionalProperties",
                                                    "if",
                                                    "then",
                                                    "else"};
    if (std::find(kKnown.begin(), kKnown.end(), keyword) == kKnown.end()) throw std::logic_error("keyword " + keyword);
    if (keyword == "items" && value.is_array()) {
      for (const Json& item : value) {
        if (!valid(rule, item)) return false;
      }
    } else if (!keyword_valid(keyword, rule, value)) {
      return false;
    }
  }
  if (value.is_object() && !object_valid(schema, value)) return false;
  return !schema.contains("if") || valid(schema[valid(schema["if"], value) ? "then" : "else"], value);
}

// Mutations of structure, type and range. Spellings (010, yes) are no matter of a schema, which sees values only.
void mutate(Json& value, hpcai::Random& random) {
  static const std::vector<Json> kValues = {
      Json(nullptr),  Json(true),  Json(false),          Json(0),      Json(-1),  Json(3),       Json(0.5),
      Json(70000),    Json("sgd"), Json("adam"),         Json("bf16"), Json("x"), Json::array(), Json::array({1}),
      Json::object(), Json(1e-3),  Json::array({"fp32"})};
  std::vector<Json*> places;
  std::vector<Json*> maps;
  const auto collect = [&](const auto& self, Json& node) -> void {
    places.push_back(&node);
    if (node.is_object()) maps.push_back(&node);
    if (node.is_structured()) {
      for (Json& child : node) self(self, child);
    }
  };
  collect(collect, value);
  if (maps.empty()) return;
  Json& map = *maps[random.below(maps.size())];
  static const std::vector<std::string> kKeys = {"lr", "type", "momentum", "epochs", "name", "patience", "base", "zz"};
  switch (random.below(4)) {
    case 0:
      if (!map.empty()) {
        auto it = map.begin();
        std::advance(it, static_cast<long>(random.below(map.size())));
        map.erase(it.key());
      }
      break;
    case 1: map[kKeys[random.below(kKeys.size())]] = kValues[random.below(kValues.size())]; break;
    default: *places[random.below(places.size())] = kValues[random.below(kValues.size())];
  }
}

}  // namespace

TEST_CASE("the schema and the reader agree on valid and on mutated configs") {
  const Json schema = Json::parse(json_schema<sample::Experiment>("sample"));
  const auto value_of = [](const std::string& text) {
    auto experiment = sample::parse(text);
    return store(experiment);
  };
  const std::vector<Json> valid_ones = {
      value_of(sample::kFullText),
      value_of(sample::kShortText),
      {{"data", {{"type", "hdf5"}, {"train_file", "a.h5"}}}, {"training", {{"global_batch", 1}}}}};
  for (const Json& value : valid_ones) REQUIRE(valid(schema, value));
  hpcai::Random random(5, 0, 0, hpcai::Purpose::test);
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    Json value = valid_ones[random.below(valid_ones.size())];
    for (uint64_t n = random.below(3); n < 3; ++n) mutate(value, random);
    if (!value.is_object() || value.contains("base")) continue;  // a base is a file; checked below
    const std::string text = write_yaml(value);
    const std::string complaint = sample::complaint(text);
    INFO(text << complaint);
    REQUIRE(valid(schema, value) == complaint.empty());
    (complaint.empty() ? accepted : refused) += 1;
  }
  CHECK(accepted > 200);
  CHECK(refused > 1000);
}

TEST_CASE("the schema lets a file with a base leave out what the base gives, and nothing more") {
  const Json schema = Json::parse(json_schema<sample::Experiment>("sample"));
  CHECK(valid(schema, {{"base", "a.yaml"}}));
  CHECK(valid(schema, {{"base", "a.yaml"}, {"optimizer", {{"momentum", 0.5}}}}));
  CHECK(valid(schema, {{"base", "a.yaml"}, {"data", {{"train_file", "b"}}}}));
  CHECK_FALSE(valid(schema, {{"base", "a.yaml"}, {"optimizer", {{"momentum", 5}}}}));
  CHECK_FALSE(valid(schema, {{"base", "a.yaml"}, {"optimizer", {{"type", "adam"}, {"momentum", 0.5}}}}));
  CHECK_FALSE(valid(schema, {{"base", 3}}));
  CHECK_FALSE(valid(schema, Json::object()));
}

TEST_CASE("the schema carries title, version, help and defaults for editors") {
  const Json schema = Json::parse(json_schema<sample::Experiment>("an experiment"));
  CHECK(schema.at("$schema") == "http://json-schema.org/draft-07/schema#");
  CHECK(schema.at("title") == "an experiment");
  const Json& properties = schema.at("else").at("properties");
  CHECK(properties.at("distributed").at("properties").at("timeout_s").at("description") ==
        "Time limit of a collective. Unit: s.");
  CHECK(properties.at("schedule").at("properties").at("patience").at("default") == 7);
  CHECK(properties.at("optimizer").at("oneOf").at(1).at("properties").at("type").at("const") == "adam");
  CHECK(properties.at("data").at("oneOf").at(0).at("properties").at("type").at("description") == "Waveforms made on the fly.");
}
