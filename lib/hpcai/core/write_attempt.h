#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hpcai {

// What failed when a file was written: "create" or "write", and the errno; 0 if nothing failed.
struct WriteFailure {
  const char* action = "write";
  int error = 0;
};

// Writes and fsyncs a file, in several attempts (core/attempts.h). Removes a partial file.
WriteFailure try_to_write(const std::filesystem::path& path, const std::vector<std::string_view>& pieces);

// What a user does about an errno of writing. `option` is the option that names the place, such as "--run-dir".
std::string write_remedy(int error, const std::string& option);

}  // namespace hpcai
