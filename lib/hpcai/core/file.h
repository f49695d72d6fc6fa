#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// Operations on whole files. They repeat an attempt that fails with a temporary errno (core/attempts.h) a few times within a
// second. Then they throw an Error with the system's reason. paths.h has the questions whether something exists.
namespace hpcai {

// Returns the content of a file. Throws Error{missing_input} if it cannot be read, Error{bad_data} if it exceeds `limit` bytes.
std::string read_file(const std::filesystem::path& path, size_t limit = size_t{1} << 30);

// Writes and fsyncs a file. Throws Error{cannot_write} and removes a partial file.
void write_file(const std::filesystem::path& path, std::string_view content);
// The same for content in several pieces, which it writes one after the other.
void write_file(const std::filesystem::path& path, const std::vector<std::string_view>& pieces);

// Writes a file of a run folder as core/output_file.h does: readers see the old file or the new one, whole.
void replace_file(const std::filesystem::path& path, std::string_view content);

// Creates a folder and its parents. Throws Error{cannot_write}.
void make_folder(const std::filesystem::path& path);

// Creates a folder in an existing one. Returns false if something has that name; of several programs that create the same folder
// only one gets true. Throws Error{cannot_write}.
bool make_new_folder(const std::filesystem::path& path);

// Renames a file or folder and replaces a file of the new name. Throws Error{cannot_write}.
void rename_path(const std::filesystem::path& from, const std::filesystem::path& to);

// Makes a file durable (fsync), with all that any process has written to it. Returns 0 or the errno.
int sync_file(const std::filesystem::path& path);

// Makes the entries of a folder durable (fsync). Throws Error{cannot_write}.
void sync_folder(const std::filesystem::path& path);

// Calls fsync. Returns 0 or the errno. If the file system does not support fsync it returns 0, with one warning for each process.
int sync_descriptor(int descriptor, const std::filesystem::path& path);

// Throws Error{cannot_write} with "cannot <action> <path>: <reason>" and a remedy.
[[noreturn]] void fail_to_write(const std::string& action, const std::filesystem::path& path, int error);

}  // namespace hpcai
