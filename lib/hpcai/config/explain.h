#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/config/description.h"

namespace hpcai::config {

// What the description says of a key. A key may exist in several alternatives of a variant, with a meaning in each.
struct Meaning {
  std::string key;                   // "training.stages[].epochs"
  std::string type;                  // "a number, greater than 0", "adam, sgd or lars"
  std::string unit;                  // empty if there is none
  std::string fallback;              // the default as YAML; empty if the key is required
  std::string help;                  // one sentence
  std::vector<std::string> choices;  // the words that are allowed; empty if it is not a word
  bool local = false;                // whether the trained network does not depend on it
  bool is_section = false;           // whether it holds further keys
  // The alternatives that have the key with this meaning: "optimizer.type: adam". Several conditions of one alternative are
  // joined by " and ". Empty if the key always exists.
  std::vector<std::string> when;
};

// Returns the meanings of a key, those that differ in nothing but `when` as one. `key` may have positions,
// "training.stages[0].epochs". `chosen`: the value of each `type` of a config, "optimizer.type" -> "adam": then only the meanings
// that this config has are returned, unless it has none. Throws Error{usage} with the nearest keys if no key has the name.
std::vector<Meaning> meanings_of(const Section& description, std::string_view key,
                                 const std::map<std::string, std::string>& chosen = {});

}  // namespace hpcai::config
