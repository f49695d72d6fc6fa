#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// Files as a whole. A failure that may pass (core/attempts.h) is met by a few attempts within a second; what fails then is
// an Error with the system's reason. paths.h has the questions whether something exists.
namespace hpcai {

// The whole file. Throws Error{missing_input} if it cannot be read, Error{bad_data} if larger than `limit` bytes.
std::string read_file(const std::filesystem::path& path, size_t limit = size_t{1} << 30);

// Writes and fsyncs. Throws Error{cannot_write}; a partial file is removed.
void write_file(const std::filesystem::path& path, std::string_view content);
// The same for content in several pieces, one after the other.
void write_file(const std::filesystem::path& path, const std::vector<std::string_view>& pieces);

// As write_file, but under a temporary name that is renamed in place: readers see the old file or the new one, whole.
void replace_file(const std::filesystem::path& path, std::string_view content);

// Throws Error{cannot_write} where replace_file cannot succeed, for whoever works long before it writes.
void require_replaceable(const std::filesystem::path& path);

// Creates a folder and its parents. Throws Error{cannot_write}.
void make_folder(const std::filesystem::path& path);

// Renames a file or folder, replacing a file of the new name. Throws Error{cannot_write}.
void rename_path(const std::filesystem::path& from, const std::filesystem::path& to);

// Makes the entries of a folder durable. Throws Error{cannot_write}.
void sync_folder(const std::filesystem::path& path);

// fsync, and 0 or its errno. A file system that knows no fsync gives 0 and, once in a process, a warning.
int sync_descriptor(int descriptor, const std::filesystem::path& path);

// Throws Error{cannot_write}: "cannot <action> <path>: <reason>", and what the user can do.
[[noreturn]] void fail_to_write(const std::string& action, const std::filesystem::path& path, int error);

}  // namespace hpcai
