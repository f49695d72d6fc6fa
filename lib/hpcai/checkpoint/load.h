#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/checkpoint/state.h"

namespace hpcai::checkpoint {

// The content of a checkpoint.
struct Loaded {
  int64_t step = 0;
  std::filesystem::path path;
  TrainingState state{};
  Origin origin{};
  std::string program_version{};
  std::vector<std::string> skipped{};  // newer checkpoints that cannot be used: the reasons
};

// The part of a checkpoint to read. All its files are verified in any case.
enum class Parts { all, model };

// Reads the checkpoint to which `path` leads: the folder of a checkpoint; a run folder or a folder checkpoints/ (its best
// checkpoint, else its last one); `last` or `best` in such a folder, whether that is a link, a folder or missing. The last is the
// newest one that verifies. The log warns of skipped checkpoints. Throws Error{missing_input} if there is none or none can be
// read, Error{bad_data} if none verifies.
Loaded load_checkpoint(const std::filesystem::path& path, Parts parts = Parts::all);

// Returns the newest checkpoint in a folder checkpoints/ that verifies, of those with less than `before` steps; nothing if there
// is none. Throws Error{cannot_resume} with every reason if none verifies.
std::optional<Loaded> load_newest(const std::filesystem::path& checkpoints, int64_t before = std::numeric_limits<int64_t>::max());

// Calls `read`, which takes the content of a checkpoint apart. The content comes from outside, so every exception about it (a
// missing key, another type, a tensor of another shape) becomes Error{cannot_resume}. An Error keeps its code and remedy. Each
// message names the checkpoint once. LocalError and std::bad_alloc pass.
void read_content(const std::filesystem::path& checkpoint, const std::function<void()>& read);

}  // namespace hpcai::checkpoint
