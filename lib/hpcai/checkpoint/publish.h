#pragma once

#include <filesystem>
#include <string>

namespace hpcai::checkpoint {

// Gives the finished folder `from` its visible name `to`, durably. It exchanges an existing folder of that name in one step, so
// the name always exists, and then removes the old folder. If the file system cannot exchange, it first puts the old folder aside
// under a name that find_candidates() recognises. Throws Error{cannot_write}; the old folder is then visible again.
void publish(const std::filesystem::path& from, const std::filesystem::path& to);

// Makes `link` a relative symbolic link to its neighbour `target`, and replaces the old entry atomically. The links are for
// people; this program never needs them. If the file system has no links, it logs one warning and makes none.
void replace_link(const std::filesystem::path& link, const std::string& target);

// Removes a folder. It first removes the visible name, so an interrupted removal leaves no half checkpoint. A folder that cannot
// be removed costs only disk space, so it causes a warning.
void remove_folder(const std::filesystem::path& folder);

// Prefix of folders that are unfinished or being removed.
inline constexpr const char* kTemporaryPrefix = ".tmp-";
// Prefix of folders that were whole checkpoints before they were put aside.
inline constexpr const char* kPutAsidePrefix = ".tmp-old-";

}  // namespace hpcai::checkpoint
