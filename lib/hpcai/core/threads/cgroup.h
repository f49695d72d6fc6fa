#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hpcai {

// Returns the folders that hold the files of a controller ("cpu", "pids"), from this process's own cgroup up to the root of its
// hierarchy: first those of cgroup v1, then those of v2. A hierarchy that is not mounted has none. `root` replaces "/" in the
// names of files.
std::vector<std::filesystem::path> cgroup_folders(std::string_view controller, const std::filesystem::path& root = "/");

// Decodes a path of /proc/self/mountinfo: the kernel writes blanks and backslashes as octal numbers.
std::string decoded_mount(const std::string& text);

// Returns the first line of a file; empty if the file cannot be read.
std::string first_line_of(const std::filesystem::path& file);

}  // namespace hpcai
