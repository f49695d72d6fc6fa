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

// A described struct as plain data. bind.h makes it; everything else in this module works on it and knows no struct.
namespace hpcai::config {

using Json = nlohmann::ordered_json;

struct Key;
struct Alternative;

struct Section {
  std::string identity;   // the struct and its defaults: equal for equal sections
  std::vector<Key> keys;  // in the order of describe()
  const Key* find(std::string_view name) const;
  const Key* find_former(std::string_view name) const;  // the key that had this name
};

// A section that is described when somebody asks for it, and then kept: a struct may contain itself.
class LazySection {
 public:
  LazySection() = default;  // no section; may not be asked for
  explicit LazySection(Section section);
  explicit LazySection(std::function<Section()> describe);
  const Section& operator*() const;
  const Section* operator->() const { return &**this; }

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// The type of a value; which members count depends on the kind.
struct Type {
  enum class Kind { boolean, integer, number, text, choice, list, section, variant };

  Kind kind = Kind::section;
  bool optional = false;                                 // null is a value
  int64_t lowest = std::numeric_limits<int64_t>::min();  // integer: what its C++ type can hold
  int64_t highest = std::numeric_limits<int64_t>::max();
  std::vector<std::string> choices;       // choice
  std::vector<Type> element;              // list: one type
  LazySection section;                    // section
  std::vector<Alternative> alternatives;  // variant
  std::string default_alternative;        // variant

  const Alternative* find_alternative(std::string_view name) const;
  const Alternative* find_former(std::string_view name) const;  // the alternative that had this name
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
  std::string formerly;  // a former name, empty if there is none
  std::string help;
  LazySection section;
};

// One line for each key, those of all alternatives included: what a key table shows and a suggestion is chosen from. The
// keys of a section within itself are left out; the row that leads there says whose they are.
struct Row {
  struct Choice {
    std::string variant;  // "optimizer"
    std::string type;     // "adam"
  };
  std::string path;                // "optimizer.lr", "training.stages[].epochs"
  std::string name;                // "lr"
  const Key* key = nullptr;        // into the section given to rows(); for the row of a key `type` that of the variant
  const Section* owner = nullptr;  // the section that holds the key
  std::vector<Choice> when;        // the alternatives that must be chosen for the key to exist
  bool local = false;              // it or a section around it is local
  bool is_type = false;            // the key `type` that chooses an alternative
  std::string same_as;             // the key's section is again that at this path, "network.layers[]"; empty for others
};
std::vector<Row> rows(const Section& section);

// "number, greater than 0 s", "local, synchronised or frozen": what a value must be, without article.
std::string describe_type(const Type& type);
std::string describe_range(const Type& type, const Field& field);
bool in_range(const Type& type, const Field& field, const Json& value);

// A variant's `type` may be left out only where there is a default: not if the variant is required or optional.
bool must_say_type(const Type& type, const Field& field);

// The rules of a list's field as they hold for each element, which has no default.
Field element_field(const Field& list);

// Faults of the description itself, for a test: a key without help, a default out of range, a name used twice.
std::vector<std::string> faults(const Section& section);

}  // namespace hpcai::config
