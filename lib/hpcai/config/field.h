#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hpcai::config {

// The meaning of a setting, stated once. Parser, printer, help, key table and JSON Schema derive from it.
//
// A config struct describes itself to any visitor:
//
//   struct AdamConfig {
//     static constexpr std::string_view kType = "adam";  // only for alternatives of a variant
//     static constexpr std::string_view kHelp = "Adam (Kingma & Ba 2015).";  // optional
//     static constexpr std::string_view kFormerType = "adam0";  // optional former name, see Field::formerly
//     double lr = 1e-3;
//     template <class Visitor>
//     void describe(Visitor& visitor) {
//       visitor.field("lr", lr, {.help = "Learning rate.", .min = 0, .min_excluded = true});
//     }
//   };
//
// A field has one of these types: bool, int64_t, double, std::string, an enum with enum_names(); a std::optional or std::vector
// of these; another described struct or a std::vector of them; a std::variant of described structs with kType, of which the key
// `type` chooses one. A struct may contain itself: in a std::vector, in an Indirect (indirect.h), and through the alternatives of
// a struct that derives from a std::variant, as a network of nested layers does:
//
//   struct Layer;
//   struct Residual { static constexpr std::string_view kType = "residual"; std::vector<Layer> body; ... };
//   struct Layer : std::variant<Dense, Residual> { using variant::variant; };
//
// A struct that derives from a std::variant may also have keys of its own, which every alternative then has beside its own keys:
//
//   struct Model : std::variant<Small, Large> {
//     using variant::variant;
//     std::string weights;
//     template <class Visitor>
//     void describe_common(Visitor& visitor) { visitor.field("weights", weights, {.help = "File to start from."}); }
//   };
struct Field {
  std::string_view help;       // one sentence
  std::string_view unit = "";  // "s", "M", "pixels", ...
  std::optional<double> min = std::nullopt;
  std::optional<double> max = std::nullopt;
  bool min_excluded = false;
  bool max_excluded = false;
  bool required = false;           // whether the key has no default
  bool local = false;              // leaves the trained network unchanged, so it may differ on resume
  std::string_view formerly = "";  // a former name of the key, which is still read
};

// An enum is read and printed with these names. Argument-dependent lookup finds the function:
//   inline config::EnumNames<Precision> enum_names(Precision) {
//     return {{Precision::fp32, "fp32"}, {Precision::bf16, "bf16"}};
//   }
template <class Enum>
using EnumNames = std::vector<std::pair<Enum, std::string_view>>;

// Returns the name of an enum's value in configs. Throws std::logic_error for a value without a name.
template <class Enum>
requires std::is_enum_v<Enum> std::string name_of(Enum value) {
  for (const auto& [number, name] : enum_names(Enum{})) {
    if (number == value) return std::string(name);
  }
  throw std::logic_error("an enum's value has no name in enum_names()");
}

}  // namespace hpcai::config
