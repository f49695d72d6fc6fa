#pragma once

#include <filesystem>
#include <string>

namespace hpcai {

// Throws Error{cannot_write}, "cannot write <path>: it needs 1.28 TB, but only 78 GB are free there", if the file system of the
// existing file or folder `place` has less room than `bytes`. Says nothing where the file system does not tell its room.
void require_room(const std::filesystem::path& path, const std::filesystem::path& place, double bytes, const std::string& remedy);

}  // namespace hpcai
