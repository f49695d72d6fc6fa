#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hpcai {

// The whole file. Throws Error{missing_input} if it cannot be read, Error{bad_data} if larger than `limit` bytes.
std::string read_file(const std::filesystem::path& path, size_t limit = size_t{1} << 30);

// Writes and fsyncs. Throws Error{cannot_write} with the system's reason; a partial file is removed.
void write_file(const std::filesystem::path& path, std::string_view content);
// The same for content in several pieces, one after the other.
void write_file(const std::filesystem::path& path, const std::vector<std::string_view>& pieces);

// As write_file, but under a temporary name that is renamed in place: readers see the old file or the new one, whole.
void replace_file(const std::filesystem::path& path, std::string_view content);

// Throws Error{cannot_write} where replace_file cannot succeed, for whoever works long before it writes.
void require_replaceable(const std::filesystem::path& path);

// Creates a folder and its parents. Throws Error{cannot_write}.
void make_folder(const std::filesystem::path& path);

// Makes the entries of a folder durable.
void sync_folder(const std::filesystem::path& path);

}  // namespace hpcai
