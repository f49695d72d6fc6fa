#pragma once

#include <filesystem>
#include <vector>

#include "hpcai/core/error.h"

// Questions to the file system, whose own functions throw exceptions without an exit status. What does not exist is no
// error. Where the system gives no answer (no permission on the way, links in a circle, a name that is too long), each
// throws an Error with `code` that names the path and the reason: missing_input for what is read, cannot_write for what is
// to be written.
namespace hpcai {

bool path_exists(const std::filesystem::path& path, ExitCode code = ExitCode::missing_input);
bool is_folder(const std::filesystem::path& path, ExitCode code = ExitCode::missing_input);
bool is_plain_file(const std::filesystem::path& path, ExitCode code = ExitCode::missing_input);

// The entries of a folder, sorted; none if there is no such folder.
std::vector<std::filesystem::path> list_folder(const std::filesystem::path& path, ExitCode code = ExitCode::missing_input);

// The path from the root, without "." and "..".
std::filesystem::path absolute_path(const std::filesystem::path& path);

// The path seen from the folder `base`, with links followed as far as both exist.
std::filesystem::path relative_path(const std::filesystem::path& path, const std::filesystem::path& base);

// Removes a file, or a folder with all that is in it. Throws Error{cannot_write}.
void remove_tree(const std::filesystem::path& path);
// The same for what may as well stay: whether all is gone.
bool try_remove_tree(const std::filesystem::path& path) noexcept;

}  // namespace hpcai
