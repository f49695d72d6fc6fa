#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/config/bind.h"
#include "hpcai/config/compare.h"
#include "hpcai/config/keys.h"
#include "hpcai/config/schema.h"
#include "hpcai/config/source.h"
#include "hpcai/config/writer.h"
#include "hpcai/core/json.h"

// Conversions between described structs (see field.h) and YAML. T is such a struct; its defaults are those of T{}.
namespace hpcai::config {

// Returns the description of T.
template <class T>
Section description() {
  T defaults{};
  return describe(defaults);
}

// Reads a config file strictly. `overrides` are texts "a.b.c=value". Throws Error{usage} that lists all problems, each with its
// place and the nearest valid key. Throws Error{missing_input} if the file or its base cannot be read. `origins`, if given,
// receives the places of the values.
template <class T>
T read(const std::filesystem::path& path, const std::vector<std::string>& overrides = {}, Origins* origins = nullptr) {
  T object{};
  load(object, read_values(description<T>(), path, overrides, origins));
  return object;
}

// The same for a text without `base:`, for example one from to_yaml(). `name` names the text in messages.
template <class T>
T parse(std::string_view text, const std::string& name, const std::vector<std::string>& overrides = {}) {
  T object{};
  load(object, parse_values(description<T>(), text, name, overrides));
  return object;
}

// Returns all values as YAML. parse<T>() of the result gives the same object, bit for bit.
template <class T>
std::string to_yaml(T object) {
  return write_yaml(store(object));
}

// Returns the JSON Schema (draft-07) of config files, for editors.
template <class T>
std::string json_schema(std::string_view title) {
  return json_text(make_schema(description<T>(), title), 2) + "\n";
}

// Returns the table of settings for people, at most `width` characters wide: all settings, or those below `prefix`. Throws
// Error{usage} if no setting is below it.
template <class T>
std::string key_table(std::string_view prefix = "", size_t width = 100) {
  return write_key_table(key_lines(description<T>()), prefix, width);
}

// The same as JSON, for programs.
template <class T>
std::string keys_json() {
  return json_text(list_keys(description<T>()), 2) + "\n";
}

// Returns the SHA-256 over all settings that change the trained network. It is equal for equal experiments.
template <class T>
std::string digest(T object) {
  return digest_of(description<T>(), store(object));
}

// Returns the settings that change the trained network and differ. The check on resume uses it.
template <class T>
std::vector<Difference> differences(T before, T after) {
  return compare(description<T>(), store(before), store(after));
}

// Returns the faults of T's description: a default out of range, a name used twice, ... A test requires that there are none.
template <class T>
std::vector<std::string> description_faults() {
  return faults(description<T>());
}

}  // namespace hpcai::config
