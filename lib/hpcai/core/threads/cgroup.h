#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hpcai {

// The folders, from this process's own cgroup up to the root of its hierarchy, that hold the files of a controller ("cpu",
// "pids"): first those of cgroup v1, if it is mounted there, then those of v2. Empty where nothing is mounted. `root`
// stands for "/" in the names of files.
std::vector<std::filesystem::path> cgroup_folders(std::string_view controller, const std::filesystem::path& root = "/");

// The first line of a file; empty if it cannot be read.
std::string first_line_of(const std::filesystem::path& file);

}  // namespace hpcai
