#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hpcai::checkpoint {

// A folder that looks like a checkpoint.
struct Candidate {
  int64_t step = 0;
  std::filesystem::path path;
  bool best = false;  // was the best when it was saved, as its manifest says
};

// "step-00000123", and back; nothing for other names.
std::string step_name(int64_t step);
std::optional<int64_t> step_of(const std::string& name);

// Steps of the folders step-..., rising.
std::vector<int64_t> steps_in(const std::filesystem::path& checkpoints);

// All checkpoints in a folder checkpoints/, the newest first: the folders step-...; `last` and `best` where they are
// folders of their own with another step, as a copy that follows links makes them; and what a save that was interrupted
// had put aside, see publish.h. Nothing is verified.
std::vector<Candidate> find_candidates(const std::filesystem::path& checkpoints);

// Those of the candidates that the best one is looked for in, the likeliest first: the newest whose manifest says so.
// Where none does, as in runs of versions before 0.2, what the name `best` leads to.
std::vector<Candidate> best_of(const std::vector<Candidate>& candidates, const std::filesystem::path& checkpoints);

}  // namespace hpcai::checkpoint
