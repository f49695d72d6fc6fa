#pragma once

#include <c10/core/ScalarType.h>

#include <optional>
#include <string_view>

namespace hpcai::checkpoint {

// Conversions between element types and their names in safetensors files. They return nothing for unsupported types.
std::optional<std::string_view> element_name(at::ScalarType type);
std::optional<at::ScalarType> element_type(std::string_view name);

}  // namespace hpcai::checkpoint
