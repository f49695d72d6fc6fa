#include "hpcai/config/schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/config/words.h"
#include "hpcai/config/writer.h"

namespace hpcai::config {
namespace {

// A complete file, or one that a base completes, where nothing is required and a missing `type` can be any.
enum class Coverage { complete, partial };

Json value_schema(const Type& type, const Field& field, Coverage extent);

void add_range(Json& schema, const Type& type, const Field& field) {
  if (field.min) {
    schema[field.min_excluded ? "exclusiveMinimum" : "minimum"] = *field.min;
  } else if (type.kind == Type::Kind::integer && type.lowest != std::numeric_limits<int64_t>::min()) {
    schema["minimum"] = type.lowest;
  }
  if (field.max) {
    schema[field.max_excluded ? "exclusiveMaximum" : "maximum"] = *field.max;
  } else if (type.kind == Type::Kind::integer && type.highest != std::numeric_limits<int64_t>::max()) {
    schema["maximum"] = type.highest;
  }
}

std::string description_of(const Key& key) {
  std::string text(key.field.help);
  if (!key.field.unit.empty()) text += fmt::format(" Unit: {}.", key.field.unit);
  return text;
}

// What the reader asks for: keys that are required, and sections that hold such keys or must say their type.
bool must_be_given(const Key& key) {
  if (key.field.required) return true;
  if (key.type.optional) return false;
  const Section* section = nullptr;
  if (key.type.kind == Type::Kind::section) section = &key.type.section;
  if (key.type.kind == Type::Kind::variant) {
    section = &key.type.find_alternative(key.type.default_alternative)->section;
  }
  return section && std::any_of(section->keys.begin(), section->keys.end(), must_be_given);
}

Json section_schema(const Section& section, Coverage extent, const Alternative* alternative = nullptr,
                    bool type_required = false) {
  Json properties = Json::object();
  Json required = Json::array();
  if (alternative) {
    properties["type"] = {{"const", alternative->name}};
    if (!alternative->help.empty()) properties["type"]["description"] = alternative->help;
    if (type_required) required.push_back("type");
  }
  for (const Key& key : section.keys) {
    Json schema = value_schema(key.type, key.field, extent);
    schema["description"] = description_of(key);
    if (!key.field.required && !key.default_value.is_structured()) schema["default"] = key.default_value;
    properties[key.name] = std::move(schema);
    if (extent == Coverage::complete && must_be_given(key)) required.push_back(key.name);
  }
  Json schema = {{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

Json variant_schema(const Type& type, const Field& field, Coverage extent) {
  Json schemas = Json::array();
  for (const Alternative& alternative : type.alternatives) {
    const bool fallback = alternative.name == type.default_alternative && !must_say_type(type, field);
    const bool type_required = extent == Coverage::complete && !fallback;
    schemas.push_back(section_schema(alternative.section, extent, &alternative, type_required));
    schemas.back()["title"] = alternative.name;
  }
  if (type.optional) schemas.push_back({{"type", "null"}});
  return {{extent == Coverage::complete ? "oneOf" : "anyOf", std::move(schemas)}};
}

Json scalar_schema(const Type& type, const Field& field) {
  switch (type.kind) {
    case Type::Kind::boolean: return {{"type", "boolean"}};
    case Type::Kind::text: return {{"type", {"string", "number", "boolean"}}};  // 40 is text where text is due
    case Type::Kind::choice: {
      Json choices = type.choices;
      if (type.optional) choices.push_back(nullptr);
      return {{"enum", std::move(choices)}};
    }
    default: {
      Json schema = {{"type", type.kind == Type::Kind::integer ? "integer" : "number"}};
      add_range(schema, type, field);
      return schema;
    }
  }
}

Json value_schema(const Type& type, const Field& field, Coverage extent) {
  Json schema;
  if (type.kind == Type::Kind::variant) return variant_schema(type, field, extent);
  if (type.kind == Type::Kind::section) {
    schema = section_schema(type.section, extent);
  } else if (type.kind == Type::Kind::list) {
    // elements are never completed by a base
    Json items = value_schema(type.element.front(), element_field(field), Coverage::complete);
    schema = {{"type", "array"}, {"items", std::move(items)}};
  } else {
    schema = scalar_schema(type, field);
  }
  if (type.optional && schema.contains("type")) {
    Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
    types.push_back("null");
    schema["type"] = std::move(types);
  }
  return schema;
}

}  // namespace

Json make_schema(const Section& description, std::string_view title) {
  Json partial = section_schema(description, Coverage::partial);
  partial["properties"]["base"] = {
      {"type", "string"}, {"description", "Config file to start from, relative to this one; its keys are overridden here."}};
  Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", std::string(title)}};
  schema["if"] = {{"type", "object"}, {"required", {"base"}}};
  schema["then"] = std::move(partial);
  schema["else"] = section_schema(description, Coverage::complete);
  return schema;
}

}  // namespace hpcai::config
