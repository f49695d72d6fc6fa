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

// Described structs (see field.h) from YAML and back. T stands for such a struct; its defaults are those of T{}.
namespace hpcai::config {

// The description of T.
template <class T>
Section description() {
  T defaults{};
  return describe(defaults);
}

// Reads a config file, strictly; `overrides` are "a.b.c=value". Throws Error{usage} that tells all problems at once,
// each with its place and the nearest valid key, or Error{missing_input} if the file or its base cannot be read.
template <class T>
T read(const std::filesystem::path& path, const std::vector<std::string>& overrides = {}) {
  T object{};
  load(object, read_values(description<T>(), path, overrides));
  return object;
}

// The same for a text without `base:`, called `name` in messages; for example one written by to_yaml().
template <class T>
T parse(std::string_view text, const std::string& name, const std::vector<std::string>& overrides = {}) {
  T object{};
  load(object, parse_values(description<T>(), text, name, overrides));
  return object;
}

// All values, complete; parse<T>() of it gives the same object, bit for bit.
template <class T>
std::string to_yaml(T object) {
  return write_yaml(store(object));
}

// Draft-07 JSON Schema of config files, for editors.
template <class T>
std::string json_schema(std::string_view title) {
  return json_text(make_schema(description<T>(), title), 2) + "\n";
}

// The table of settings for people, wrapped to `width` characters, all or those below `prefix`; throws Error{usage} if
// there are none.
template <class T>
std::string key_table(std::string_view prefix = "", size_t width = 100) {
  return write_key_table(description<T>(), prefix, width);
}

// The same for programs.
template <class T>
std::string keys_json() {
  return json_text(list_keys(description<T>()), 2) + "\n";
}

// SHA-256 over all settings that change the trained network; equal for equal experiments.
template <class T>
std::string digest(T object) {
  return digest_of(description<T>(), store(object));
}

// The settings that change the trained network and differ, for the check on resume.
template <class T>
std::vector<Difference> differences(T before, T after) {
  return compare(description<T>(), store(before), store(after));
}

// Faults of T's description (a default out of range, a name used twice); for tests, which want none.
template <class T>
std::vector<std::string> description_faults() {
  return faults(description<T>());
}

}  // namespace hpcai::config
