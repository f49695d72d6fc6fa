#pragma once

#include <algorithm>
#include <concepts>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

#include "hpcai/config/description.h"
#include "hpcai/config/indirect.h"
#include "hpcai/core/json.h"

// The only templates between described structs and the plain code of this module. They convert a struct to its description, its
// values to JSON, and JSON to its values. load() needs complete and checked JSON; a missing key or a wrong type is a bug and
// throws the exceptions of nlohmann::json or std::logic_error.
namespace hpcai::config {
namespace detail {

struct AnyVisitor {
  template <class T>
  void field(std::string_view, T&, const Field&) {}
};
template <class T>
concept Described = requires(T& object, AnyVisitor& visitor) {
  object.describe(visitor);
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_indirect = false;
template <class T>
inline constexpr bool is_indirect<Indirect<T>> = true;

// Also accepts a struct that derives from a variant. Such a struct can be declared before the variant's alternatives are
// complete.
template <class... T>
std::variant<T...>& as_variant(std::variant<T...>& value) {
  return value;
}
template <class T>
concept Variant = requires(T& value) {
  as_variant(value);
};

// A variant that describes keys which all its alternatives have, beside their own.
template <class T>
concept HasCommonKeys = requires(T& value, AnyVisitor& visitor) {
  value.describe_common(visitor);
};

// A variant that may be written short, and one that keeps the place where it was read.
template <class T>
concept HasNamesAsKeys = T::kNamesAsKeys;
template <class T>
concept KeepsPlace = requires(T& value) {
  { value.read_from } -> std::same_as<std::string&>;
};

template <class T>
inline constexpr bool never = false;

}  // namespace detail
// The description of a struct, defined below.

template <class T>
Section describe(T& object);

// The values of a struct as JSON.
template <class T>
Json store(T& value);

// Sets the values of a struct from complete and checked JSON.
template <class T>
void load(T& value, const Json& json);

namespace detail {

template <class T>
Alternative describe_alternative(T object) {
  Alternative alternative{std::string(T::kType), "", "", LazySection([object]() mutable { return describe(object); }), ""};
  if constexpr (requires { T::kHelp; }) alternative.help = T::kHelp;
  if constexpr (requires { T::kFormerType; }) alternative.formerly = T::kFormerType;
  if constexpr (requires { T::kMainKey; }) alternative.main_key = T::kMainKey;
  return alternative;
}

template <class... T>
Type variant_type(std::variant<T...>& value) {
  Type type;
  type.kind = Type::Kind::variant;
  // The held alternative is described with its present values, the others with their own defaults.
  (type.alternatives.push_back(describe_alternative(std::holds_alternative<T>(value) ? std::get<T>(value) : T{})), ...);
  type.default_alternative = type.alternatives[value.index()].name;
  return type;
}

template <HasCommonKeys T>
void add_common_keys(Type& type, const T& value);

template <class T>
Type type_of(T& value) {
  Type type;
  if constexpr (std::is_same_v<T, bool>) {
    type.kind = Type::Kind::boolean;
  } else if constexpr (std::is_integral_v<T>) {
    type.kind = Type::Kind::integer;
    if constexpr (sizeof(T) < sizeof(int64_t) || std::is_unsigned_v<T>) type.lowest = std::numeric_limits<T>::min();
    if constexpr (sizeof(T) < sizeof(int64_t)) type.highest = std::numeric_limits<T>::max();
  } else if constexpr (std::is_floating_point_v<T>) {
    type.kind = Type::Kind::number;
  } else if constexpr (std::is_same_v<T, std::string>) {
    type.kind = Type::Kind::text;
  } else if constexpr (std::is_enum_v<T>) {
    type.kind = Type::Kind::choice;
    for (const auto& [number, name] : enum_names(T{})) type.choices.emplace_back(name);
  } else if constexpr (is_optional<T>) {
    typename T::value_type held = value.value_or(typename T::value_type{});
    type = type_of(held);
    type.optional = true;
  } else if constexpr (is_vector<T>) {
    type.kind = Type::Kind::list;
    typename T::value_type element{};
    type.element.push_back(type_of(element));
  } else if constexpr (is_indirect<T>) {
    type = type_of(*value);
  } else if constexpr (Variant<T>) {
    type = variant_type(as_variant(value));
    if constexpr (HasCommonKeys<T>) add_common_keys(type, value);
    type.names_as_keys = HasNamesAsKeys<T>;
    type.keeps_place = KeepsPlace<T>;
  } else if constexpr (Described<T>) {
    type.section = LazySection([value]() mutable { return describe(value); });
  } else {
    static_assert(never<T>, "a setting must be of one of the types listed in hpcai/config/field.h");
  }
  return type;
}

struct Describer {
  Section section;
  template <class T>
  void field(std::string_view name, T& value, const Field& field) {
    section.keys.push_back({std::string(name), field, type_of(value), store(value)});
  }
};

template <HasCommonKeys T>
void add_common_keys(Type& type, const T& value) {
  for (Alternative& alternative : type.alternatives) {
    alternative.section = LazySection([own = alternative.section, copy = T(value)]() mutable {
      Describer describer{*own};
      copy.describe_common(describer);
      describer.section.identity += typeid(T).name();
      return std::move(describer.section);
    });
  }
}

struct Storer {
  Json& json;
  template <class T>
  void field(std::string_view name, T& value, const Field&) {
    json[std::string(name)] = store(value);
  }
};

struct Loader {
  const Json& json;
  template <class T>
  void field(std::string_view name, T& value, const Field&) {
    load(value, json.at(std::string(name)));
  }
};

template <class Enum>
Enum name_to_enum(const std::string& text) {
  for (const auto& [number, name] : enum_names(Enum{})) {
    if (name == text) return number;
  }
  throw std::logic_error("'" + text + "' is no name of the enum");
}

template <class... T>
void load_variant(std::variant<T...>& value, const Json& json) {
  const auto name = json.at("type").get<std::string>();
  const bool found = ((T::kType == name && (load(value.template emplace<T>(), json), true)) || ...);
  if (!found) throw std::logic_error("'" + name + "' is no alternative of the variant");
}

}  // namespace detail

// Returns the description of a struct. The present values are the defaults.
template <class T>
Section describe(T& object) {
  detail::Describer describer;
  object.describe(describer);
  describer.section.identity = typeid(T).name() + json_text(store(object));
  return std::move(describer.section);
}

template <class T>
Json store(T& value) {
  if constexpr (std::is_enum_v<T>) {
    return name_of(value);
  } else if constexpr (detail::is_optional<T>) {
    return value ? store(*value) : Json(nullptr);
  } else if constexpr (detail::is_vector<T>) {
    Json json = Json::array();
    for (typename T::value_type element : value) json.push_back(store(element));
    return json;
  } else if constexpr (detail::is_indirect<T>) {
    return store(*value);
  } else if constexpr (detail::Variant<T>) {
    Json json = Json::object();
    detail::Storer storer{json};
    std::visit(
        [&](auto& held) {
      json["type"] = std::string(held.kType);
      held.describe(storer);
        },
        detail::as_variant(value));
    if constexpr (detail::HasCommonKeys<T>) value.describe_common(storer);
    return json;
  } else if constexpr (detail::Described<T>) {
    Json json = Json::object();
    detail::Storer storer{json};
    value.describe(storer);
    return json;
  } else {
    return Json(value);
  }
}

template <class T>
void load(T& value, const Json& json) {
  if constexpr (std::is_enum_v<T>) {
    value = detail::name_to_enum<T>(json.get<std::string>());
  } else if constexpr (detail::is_optional<T>) {
    value.reset();
    if (!json.is_null()) load(value.emplace(), json);
  } else if constexpr (detail::is_vector<T>) {
    value.clear();
    for (const Json& item : json) {
      typename T::value_type element{};
      load(element, item);
      value.push_back(std::move(element));
    }
  } else if constexpr (detail::is_indirect<T>) {
    load(*value, json);
  } else if constexpr (detail::Variant<T>) {
    detail::load_variant(detail::as_variant(value), json);
    if constexpr (detail::HasCommonKeys<T>) {
      detail::Loader loader{json};
      value.describe_common(loader);
    }
    if constexpr (detail::KeepsPlace<T>) value.read_from = json.value(kPlaceKey, "");
  } else if constexpr (detail::Described<T>) {
    detail::Loader loader{json};
    value.describe(loader);
  } else {
    value = json.get<T>();
  }
}

}  // namespace hpcai::config
