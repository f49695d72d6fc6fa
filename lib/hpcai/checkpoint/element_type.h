#pragma once

#include <c10/core/ScalarType.h>

#include <optional>
#include <string_view>

namespace hpcai::checkpoint {

// Names of element types in safetensors files; nothing for types that are not supported.
std::optional<std::string_view> element_name(at::ScalarType type);
std::optional<at::ScalarType> element_type(std::string_view name);

}  // namespace hpcai::checkpoint
