#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hpcai::data {

bool is_gzip(std::string_view bytes);

// The content of a gzip file, which may have several members. Throws Error{bad_data} that starts with `name` where it is
// damaged or unpacks to more than `limit` bytes.
std::string gunzip(std::string_view bytes, const std::string& name, size_t limit);

}  // namespace hpcai::data
