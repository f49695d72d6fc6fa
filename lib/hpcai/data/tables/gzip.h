#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hpcai::data {

bool is_gzip(std::string_view bytes);

// The content of a gzip file, which may have several members. Throws Error{bad_data} that starts with `name` where it is
// damaged or unpacks to more than `limit` bytes.
std::string gunzip(std::string_view bytes, const std::string& name, size_t limit);

// The first `most` bytes of the content, or as many as the bytes of a file's start give; never throws for damaged bytes.
std::string gunzip_start(std::string_view bytes, size_t most);

}  // namespace hpcai::data
