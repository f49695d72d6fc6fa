#include "hpcai/config/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "hpcai/config/words.h"

namespace hpcai::config {
namespace {

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

// Whether the reader requires a key: a required key, or a section that holds such keys or must state its type.
bool must_be_given(const Key& key) {
  if (key.field.required) return true;
  if (key.type.optional) return false;
  const Section* section = nullptr;
  if (key.type.kind == Type::Kind::section) section = &*key.type.section;
  if (key.type.kind == Type::Kind::variant) {
    section = &*key.type.find_alternative(key.type.default_alternative)->section;
  }
  return section && std::any_of(section->keys.begin(), section->keys.end(), must_be_given);
}

Json scalar_schema(const Type& type, const Field& field) {
  switch (type.kind) {
    case Type::Kind::boolean: return {{"type", "boolean"}};
    case Type::Kind::text: return {{"type", {"string", "number", "boolean"}}};  // 40 is a text if a text is expected
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

Json with_null(Json schema) {
  if (!schema.contains("type")) return schema;
  Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
  types.push_back("null");
  schema["type"] = std::move(types);
  return schema;
}

Json reference(const std::string& name) { return {{"$ref", "#/definitions/" + name}}; }

// Each section has two definitions. The shape states the valid keys and values. The completeness states the required keys; it is
// separate because a file with `base:` may omit the keys that its base gives. Both refer to other definitions, so that a struct
// may contain itself.
class SchemaWriter {
 public:
  Json definitions = Json::object();

  // A section of the config, at its first path. `alternative` is set for an alternative of a variant.
  struct Part {
    const Section& section;
    std::string path;
    const Alternative* alternative = nullptr;
  };

  // Returns the name of the definition of a part's shape. The first call makes the definition.
  std::string shape(const Part& part) {
    const std::string name = name_of(part);
    if (definitions.contains(name)) return name;
    definitions[name] = nullptr;  // reserves the place while the inner definitions are made
    Json properties = Json::object();
    if (part.alternative) {
      properties["type"] = {{"const", part.alternative->name}};
      if (!part.alternative->help.empty()) properties["type"]["description"] = part.alternative->help;
    }
    for (const Key& key : part.section.keys) {
      Json schema = value_shape(key.type, key.field, join_path(part.path, key.name));
      schema["description"] = description_of(key);
      if (!key.field.required && !key.default_value.is_structured()) schema["default"] = key.default_value;
      properties[key.name] = std::move(schema);
    }
    definitions[name] = {{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
    return name;
  }

  // Returns the requirements of a part as a list of schemas; empty if there are none.
  Json completeness(const Part& part) {
    const std::string name = name_of(part) + ".complete";
    const auto [asks, is_new] = complete_.try_emplace(name, true);  // a part within itself refers to it while it is made
    if (!is_new) return asks->second ? Json::array({reference(name)}) : Json::array();
    Json required = Json::array(), properties = Json::object();
    for (const Key& key : part.section.keys) {
      if (must_be_given(key)) required.push_back(key.name);
      Json rules = value_completeness(key.type, key.field, join_path(part.path, key.name));
      if (!rules.empty()) properties[key.name] = all_of(std::move(rules));
    }
    Json schema = Json::object();
    if (!required.empty()) schema["required"] = std::move(required);
    if (!properties.empty()) schema["properties"] = std::move(properties);
    complete_[name] = !schema.empty();
    if (schema.empty()) return Json::array();
    definitions[name] = std::move(schema);
    return Json::array({reference(name)});
  }

  static Json all_of(Json schemas) { return schemas.size() == 1 ? schemas.front() : Json{{"allOf", std::move(schemas)}}; }

 private:
  std::string name_of(const Part& part) {
    return name_for(part.section.identity + (part.alternative ? part.alternative->name : ""), part.path);
  }

  std::string name_for(const std::string& identity, std::string path) {
    const auto [entry, is_new] = names_.try_emplace(identity, "");
    if (!is_new) return entry->second;
    std::erase_if(path, [](char c) { return c == '[' || c == ']'; });
    if (path.empty()) path = "config";
    std::string name = path;
    for (int number = 2; !used_names_.insert(name).second; ++number) name = fmt::format("{}_{}", path, number);
    return entry->second = name;
  }

  static Part part_of(const Alternative& alternative, const std::string& path) {
    return {*alternative.section, join_path(path, alternative.name), &alternative};
  }

  Json value_shape(const Type& type, const Field& field, const std::string& path) {
    Json choices = Json::array();
    switch (type.kind) {
      case Type::Kind::section: choices.push_back(reference(shape({*type.section, path}))); break;
      case Type::Kind::variant:
        for (const Alternative& alternative : type.alternatives) choices.push_back(reference(shape(part_of(alternative, path))));
        break;
      case Type::Kind::list: return list_shape(type, field, path);
      default: return type.optional ? with_null(scalar_schema(type, field)) : scalar_schema(type, field);
    }
    if (type.optional) choices.push_back({{"type", "null"}});
    // A validator ignores the keys beside a "$ref".
    return {{choices.size() == 1 ? "allOf" : "anyOf", std::move(choices)}};
  }

  // A base never completes the elements of a list.
  Json list_shape(const Type& type, const Field& field, const std::string& path) {
    const Type& element = type.element.front();
    const Json items = element.names_as_keys ? reference(short_or_long(element, element_field(field), path + "[]"))
                                             : element_rules(element, element_field(field), path + "[]");
    const Json schema = {{"type", "array"}, {"items", items}};
    return type.optional ? with_null(schema) : schema;
  }

  Json element_rules(const Type& element, const Field& field, const std::string& path) {
    Json rules = Json::array({value_shape(element, field, path)});
    if (rules.front().contains("allOf")) rules = Json(rules.front()["allOf"]);
    for (Json& rule : value_completeness(element, field, path)) rules.push_back(std::move(rule));
    return all_of(std::move(rules));
  }

  // Returns the name of the definition of an element that may be written short. The first call makes the definition.
  std::string short_or_long(const Type& element, const Field& field, const std::string& path) {
    std::string identity = "short or long ";
    for (const Alternative& alternative : element.alternatives) identity += alternative.section->identity + "|";
    const std::string name = name_for(identity, path);
    if (definitions.contains(name)) return name;
    definitions[name] = nullptr;  // reserves the place while the inner definitions are made
    Json choices = Json::array({element_rules(element, field, path)}), words = Json::array();
    for (const Alternative& alternative : element.alternatives) {
      const Part part = part_of(alternative, path);
      Json rules = completeness(part);
      const auto& keys = part.section.keys;
      const auto asks = [&](const Key& key) { return must_be_given(key) && key.name != alternative.main_key; };
      Json values = Json::array();
      if (rules.empty()) {
        words.push_back(alternative.name);
        values.push_back({{"type", "null"}});
      }
      if (const Key* main = part.section.find(alternative.main_key); main && std::none_of(keys.begin(), keys.end(), asks)) {
        Json value = value_shape(main->type, main->field, join_path(part.path, main->name));
        values.push_back({{"allOf", Json::array({std::move(value), {{"not", {{"type", "null"}}}}})}});
      }
      rules.push_back(reference(shape(part)));
      values.push_back(all_of(std::move(rules)));
      choices.push_back({{"type", "object"},
                         {"additionalProperties", false},
                         {"required", Json::array({alternative.name})},
                         {"properties", {{alternative.name, {{"anyOf", std::move(values)}}}}}});
    }
    if (!words.empty()) choices.push_back({{"enum", std::move(words)}});
    definitions[name] = {{"anyOf", std::move(choices)}};
    return name;
  }

  // The completeness of a value that a base may complete. The requirements of a list are in its shape, because a base cannot
  // complete it.
  Json value_completeness(const Type& type, const Field& field, const std::string& path) {
    if (type.kind == Type::Kind::section) return completeness({*type.section, path});
    return type.kind == Type::Kind::variant ? variant_completeness(type, field, path) : Json::array();
  }

  // A section without `type` has the default alternative, if there is one.
  Json variant_completeness(const Type& type, const Field& field, const std::string& path) {
    const Json no_type = {{"type", "object"}, {"not", {{"required", {"type"}}}}};
    Json rules = Json::array();
    if (must_say_type(type, field)) {
      rules.push_back({{"if", {{"type", "object"}}}, {"then", {{"required", {"type"}}}}});
    } else {
      const Part fallback = part_of(*type.find_alternative(type.default_alternative), path);
      Json own = Json::array({reference(shape(fallback))});
      for (Json& rule : completeness(fallback)) own.push_back(std::move(rule));
      rules.push_back({{"if", no_type}, {"then", all_of(std::move(own))}});
    }
    for (const Alternative& alternative : type.alternatives) {
      Json own = completeness(part_of(alternative, path));
      if (own.empty()) continue;
      Json chosen = {{"type", "object"}, {"required", {"type"}}, {"properties", {{"type", {{"const", alternative.name}}}}}};
      rules.push_back({{"if", std::move(chosen)}, {"then", all_of(std::move(own))}});
    }
    return rules;
  }

  std::map<std::string, std::string> names_;  // of the definitions, by identity and alternative
  std::set<std::string> used_names_;
  std::map<std::string, bool> complete_;  // by name: whether a definition of completeness has requirements
};

}  // namespace

Json make_schema(const Section& description, std::string_view title) {
  SchemaWriter writer;
  const SchemaWriter::Part whole{description, ""};
  const std::string name = writer.shape(whole);
  writer.definitions[name]["properties"]["base"] = {
      {"type", "string"}, {"description", "Config file to start from, relative to this one; its keys are overridden here."}};
  Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", std::string(title)}};
  schema["allOf"] = Json::array({reference(name)});
  if (Json rules = writer.completeness(whole); !rules.empty()) {
    schema["if"] = {{"type", "object"}, {"not", {{"required", {"base"}}}}};
    schema["then"] = SchemaWriter::all_of(std::move(rules));
  }
  schema["definitions"] = std::move(writer.definitions);
  return schema;
}

}  // namespace hpcai::config
