#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/checkpoint/safetensors.h"

namespace hpcai::checkpoint {

// All that training needs to go on as if it had never stopped.
struct TrainingState {
  NamedTensors model;      // parameters and buffers
  NamedTensors optimizer;  // Optimizer::state()
  nlohmann::json state;    // counters, plateau, early stop, ...
};

// Where a checkpoint comes from; written into its manifest.
struct Origin {
  std::string config_digest{};  // of the settings that change the result
  int world_size = 1;
};

struct Loaded {
  int64_t step = 0;
  std::filesystem::path path;
  TrainingState state{};
  Origin origin{};
  std::string program_version{};
  std::vector<std::string> skipped{};  // newer checkpoints that do not verify: "<file>: <why>"
};

// The folder checkpoints/ of a run:
//   step-00000123/{manifest.json, model.safetensors, optimizer.safetensors, state.json}   last -> step-...   best ->
//   step-...
// A checkpoint is written under .tmp-step-00000123.<pid>, every file fsynced, their sizes and SHA-256 written to
// manifest.json, which carries its own SHA-256, and fsynced; then the folder is renamed and the parent fsynced. Only
// then the relative symbolic link `last` moves, by rename. So at any moment each visible checkpoint is whole.
// All functions are for rank 0 but load_newest(), which only reads.
class Checkpoints {
 public:
  // Touches nothing. Keeps the newest `keep` (at least 1) checkpoints, and `best`.
  Checkpoints(std::filesystem::path folder, int64_t keep, Origin origin = {});

  // Creates the folder and removes what interrupted saves left. Call once, before the first save.
  void prepare();

  // Saves and moves `last`; a checkpoint of the same step is replaced atomically. Old checkpoints are removed only
  // after the new one has been read back and its hashes verified. Throws Error{cannot_write} leaving nothing visible.
  void save(int64_t step, const TrainingState& state);

  // Moves `best` to a saved step.
  void mark_best(int64_t step);

  // The newest checkpoint whose hashes verify; nothing if there is none at all. Throws Error{cannot_resume}, with every
  // reason, if there are checkpoints but none verifies.
  std::optional<Loaded> load_newest() const;

  std::vector<int64_t> steps() const;  // of the visible checkpoints, rising
  std::filesystem::path path_of(int64_t step) const;

 private:
  void point(const std::string& link, int64_t step) const;
  void remove_old(int64_t newest) const;

  std::filesystem::path folder_;
  int64_t keep_;
  Origin origin_;
};

// Which part of a checkpoint to read; all files are verified in any case.
enum class Parts { all, model };

// Reads the checkpoint that `path` means: a run folder (its best, else its last), a folder checkpoints/ (the same), a
// checkpoint folder, or the links best and last. Throws Error{missing_input} if there is none, Error{bad_data} if it
// does not verify.
Loaded load_checkpoint(const std::filesystem::path& path, Parts parts = Parts::all);

}  // namespace hpcai::checkpoint
