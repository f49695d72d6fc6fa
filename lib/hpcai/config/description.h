#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/config/field.h"

// A described struct as plain data. bind.h makes it. The rest of this module works on it alone.
namespace hpcai::config {

using Json = nlohmann::ordered_json;

struct Key;
struct Alternative;

struct Section {
  std::string identity;   // the struct and its defaults; equal for equal sections
  std::vector<Key> keys;  // in the order of describe()
  // These return null if no key has the name.
  const Key* find(std::string_view name) const;
  const Key* find_former(std::string_view name) const;  // by the name that a key had formerly
};

// A section that is described at its first use and then kept, because a struct may contain itself. Not for concurrent use.
class LazySection {
 public:
  // The section, or a function that the first use calls.
  LazySection() = default;  // no section; it must not be dereferenced
  explicit LazySection(Section section);
  explicit LazySection(std::function<Section()> describe);
  const Section& operator*() const;
  const Section* operator->() const { return &**this; }

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// The type of a value. The comment of a member names the kind that uses it.
struct Type {
  enum class Kind { boolean, integer, number, text, choice, list, section, variant };

  Kind kind = Kind::section;
  bool optional = false;                                 // whether null is a value
  int64_t lowest = std::numeric_limits<int64_t>::min();  // integer: limits of the C++ type
  int64_t highest = std::numeric_limits<int64_t>::max();
  std::vector<std::string> choices;       // choice
  std::vector<Type> element;              // list: one type, that of the elements
  LazySection section;                    // section
  std::vector<Alternative> alternatives;  // variant
  std::string default_alternative;        // variant
  bool names_as_keys = false;             // variant: whether its sections may be written short, see short_form.h
  bool keeps_place = false;               // variant: whether the reader adds the place of a section under kPlaceKey

  // These return null if no alternative has the name.
  const Alternative* find_alternative(std::string_view name) const;
  const Alternative* find_former(std::string_view name) const;  // by the name that an alternative had formerly
  std::vector<std::string> alternative_names() const;
};

struct Key {
  std::string name;
  Field field;
  Type type;
  Json default_value;
};

struct Alternative {
  std::string name;
  std::string formerly;  // empty if there is none
  std::string help;
  LazySection section;
  std::string main_key;  // that a value in the short form sets; empty if there is none
};

// Where checked values have the place of a section; no key can have this name.
inline constexpr const char* kPlaceKey = "@read_from";

// One row for each key, including the keys of all alternatives. The key table and the suggestions use it. A section within itself
// has no rows of its own; the row of its key names the section in `same_as`.
struct Row {
  struct Choice {
    std::string variant;  // "optimizer"
    std::string type;     // "adam"
  };
  std::string path;                // "optimizer.lr", "training.stages[].epochs"
  std::string name;                // "lr"
  const Key* key = nullptr;        // in the section passed to rows(); for the row of a key `type` it is that of the variant
  const Section* owner = nullptr;  // the section that holds the key
  std::vector<Choice> when;        // the alternatives that must be chosen for the key to exist
  bool local = false;              // whether the key or a section around it is local
  bool is_type = false;            // whether it is the key `type` that chooses an alternative
  std::string same_as;             // path of the section that the key's section repeats, "network.layers[]"; else empty
};
// Returns the rows of all keys of a section, in the order of the description. They point into `section`.
std::vector<Row> rows(const Section& section);

// These describe valid values for messages: "a whole number", "greater than 0 s".
std::string describe_type(const Type& type);
std::string describe_range(const Type& type, const Field& field);
bool in_range(const Type& type, const Field& field, const Json& value);

// Whether a section must state its `type`. It may omit it only if the variant has a default, so not if the variant is required or
// optional.
bool must_say_type(const Type& type, const Field& field);

// The rules of a list's field for each of its elements, which have no default.
Field element_field(const Field& list);

// Returns the faults of the description for a test: a key without help, a default out of range, a name used twice.
std::vector<std::string> faults(const Section& section);

}  // namespace hpcai::config
