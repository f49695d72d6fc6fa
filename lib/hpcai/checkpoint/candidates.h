#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hpcai::checkpoint {

// A folder with the name of a checkpoint.
struct Candidate {
  int64_t step = 0;
  std::filesystem::path path;
  // Whether its manifest states that it was the best when it was saved; if the manifest cannot be read, whether `best` leads to
  // it.
  bool best = false;
};

// Conversions between a step and "step-00000123". step_of() returns nothing for other names.
std::string step_name(int64_t step);
std::optional<int64_t> step_of(const std::string& name);

// Returns the steps of the folders step-..., in rising order.
std::vector<int64_t> steps_in(const std::filesystem::path& checkpoints);

// Returns all candidates in a folder checkpoints/, the newest first, without verifying them. They are the folders step-...;
// `last` and `best` if they are real folders of another step, as in a copy that has followed the links; and the folders that an
// interrupted save has put aside (publish.h).
std::vector<Candidate> find_candidates(const std::filesystem::path& checkpoints);

// Returns the candidates for the best checkpoint, the likeliest first: those whose manifest states that they were the best, the
// newest first. If no manifest states it, as in runs of versions before 0.2, they are those to which the name `best` leads.
std::vector<Candidate> best_of(const std::vector<Candidate>& candidates, const std::filesystem::path& checkpoints);

}  // namespace hpcai::checkpoint
