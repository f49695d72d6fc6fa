#pragma once

#include <filesystem>
#include <string>

namespace hpcai::checkpoint {

// Gives the finished folder `from` its visible name `to`, durably. A folder of that name is swapped away in one step, so
// that at no moment there is none, and then removed. Where the file system cannot swap, it is put aside first under a name
// that find_candidates() knows. Throws Error{cannot_write}; then what was visible before is visible again.
void publish(const std::filesystem::path& from, const std::filesystem::path& to);

// Makes `link` a relative symbolic link to its neighbour `target`, replacing atomically what had the name. The links are
// for people: no command of this program needs them. So where there can be none, there is none, and a warning says so once.
void replace_link(const std::filesystem::path& link, const std::string& target);

// Takes the visible name away first, so that an interrupted removal leaves no half checkpoint. What cannot be removed
// is left with a warning: it costs space, not correctness.
void remove_folder(const std::filesystem::path& folder);

// Names that begin so are unfinished or being removed.
inline constexpr const char* kTemporaryPrefix = ".tmp-";
// ... and these were whole checkpoints when they lost their names.
inline constexpr const char* kPutAsidePrefix = ".tmp-old-";

}  // namespace hpcai::checkpoint
