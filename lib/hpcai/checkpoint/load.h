#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/checkpoint/state.h"

namespace hpcai::checkpoint {

struct Loaded {
  int64_t step = 0;
  std::filesystem::path path;
  TrainingState state{};
  Origin origin{};
  std::string program_version{};
  std::vector<std::string> skipped{};  // newer checkpoints that do not verify: "<file>: <why>"
};

// Which part of a checkpoint to read; all files are verified in any case.
enum class Parts { all, model };

// Reads the checkpoint that `path` means: a run folder or a folder checkpoints/ (its best, else its last), `last` or `best`
// in such a folder, whether there is a link of that name, a folder or nothing, or a checkpoint's own folder. The last is the
// newest that verifies; what is skipped is told as a warning. Throws Error{missing_input} if there is none, Error{bad_data}
// if none verifies.
Loaded load_checkpoint(const std::filesystem::path& path, Parts parts = Parts::all);

// The newest checkpoint in a folder checkpoints/ that verifies; nothing if there is none. Throws Error{cannot_resume}, with
// every reason, if none verifies.
std::optional<Loaded> load_newest(const std::filesystem::path& checkpoints);

// Does what takes a checkpoint's content apart. Whatever is thrown for content of another shape (a missing key, another
// type, a tensor that does not fit) becomes Error{cannot_resume}, as the content comes from outside. An Error keeps its code
// and remedy. Each names the checkpoint, once. A LocalError and a lack of memory pass as they are.
void read_content(const std::filesystem::path& checkpoint, const std::function<void()>& read);

}  // namespace hpcai::checkpoint
