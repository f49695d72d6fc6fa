#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace hpcai::config {

// What a setting means, said once; parser, printer, help, key table and JSON Schema derive from it.
//
// A config struct describes itself to any visitor:
//
//   struct AdamConfig {
//     static constexpr std::string_view kType = "adam";  // only for alternatives of a variant
//     static constexpr std::string_view kHelp = "Adam (Kingma & Ba 2015).";  // may be left out
//     double lr = 1e-3;
//     template <class Visitor>
//     void describe(Visitor& visitor) {
//       visitor.field("lr", lr, {.help = "Learning rate.", .min = 0, .min_excluded = true});
//     }
//   };
//
// A field may be bool, int64_t, double, std::string, an enum with enum_names(), std::optional or std::vector of these,
// another described struct, a std::vector of described structs, or a std::variant of described structs with kType,
// chosen by the key `type`.
struct Field {
  std::string_view help;       // one sentence
  std::string_view unit = "";  // "s", "M", "pixels", ...
  std::optional<double> min = std::nullopt;
  std::optional<double> max = std::nullopt;
  bool min_excluded = false;
  bool max_excluded = false;
  bool required = false;  // has no default
  bool local = false;     // does not change the trained network: it may differ on resume
};

// An enum is read and printed by these names, found by argument-dependent lookup:
//   inline config::EnumNames<Precision> enum_names(Precision) {
//     return {{Precision::fp32, "fp32"}, {Precision::bf16, "bf16"}};
//   }
template <class Enum>
using EnumNames = std::vector<std::pair<Enum, std::string_view>>;

}  // namespace hpcai::config
