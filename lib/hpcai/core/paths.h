#pragma once

#include <filesystem>
#include <vector>

#include "hpcai/core/error.h"

// Questions to the file system. The functions of std::filesystem throw exceptions without an exit status; these throw Error. A
// missing path is a valid answer. If the system cannot answer (no permission for a folder of the path, a cycle of links, an
// overlong name), they throw an Error that names the path and the reason. Its status is `code`: missing_input for a path to read,
// cannot_write for a path to write.
namespace hpcai {

// Whether something exists at a path, whether it is a folder, and whether it is a regular file. Links are followed.
bool path_exists(const std::filesystem::path& path, ExitCode code = ExitCode::missing_input);
bool is_folder(const std::filesystem::path& path, ExitCode code = ExitCode::missing_input);
bool is_plain_file(const std::filesystem::path& path, ExitCode code = ExitCode::missing_input);

// Returns the entries of a folder, sorted; empty if the folder does not exist.
std::vector<std::filesystem::path> list_folder(const std::filesystem::path& path, ExitCode code = ExitCode::missing_input);

// Returns the path from the root, without "." and "..".
std::filesystem::path absolute_path(const std::filesystem::path& path);

// Returns the path relative to the folder `base`. It resolves links in the existing parts of both.
std::filesystem::path relative_path(const std::filesystem::path& path, const std::filesystem::path& base);

// Removes a file, or a folder with its content. Throws Error{cannot_write}.
void remove_tree(const std::filesystem::path& path);
// The same without an exception. Returns whether everything is removed.
bool try_remove_tree(const std::filesystem::path& path) noexcept;

}  // namespace hpcai
