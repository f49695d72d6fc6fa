#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hpcai/scaling/study/curve.h"
#include "hpcai/trainer/experiment.h"

// A scaling study: the same experiments on several numbers of ranks, each a normal run folder
// <folder>/<name>/world-<n>[-repeat-<k>].
namespace hpcai::scaling {

// What the user asks for.
struct StudyRequest {
  std::vector<std::filesystem::path> configs;
  std::vector<std::string> overrides;  // "key=value", or "name:key=value" for one of several experiments
  std::string worlds;                  // "1,2,4"
  bool weak = false;
  int repeats = 1;
  int64_t samples_per_pass = 0;
  std::filesystem::path folder;
};

// One experiment of a study.
struct Member {
  std::string name;
  trainer::Experiment experiment;  // as on one rank
};

struct Study {
  std::vector<Member> members;
  std::vector<int> worlds;       // rising
  bool weak = false;             // the config's batch is that of one rank, n ranks train with n times as much
  int repeats = 1;               // repeat k trains with seed training.seed + k - 1
  int64_t samples_per_pass = 0;  // a rank's share of a batch is done in passes of at most so many; 0: as the config says
  std::filesystem::path folder;
};

struct StudyRun {
  const Member* member = nullptr;
  int world = 1;
  int repeat = 1;
  int64_t global_batch = 0;
  int64_t seed = 0;
  std::filesystem::path folder;
};

// The study that was asked for. Throws Error{usage} that tells every problem at once: worlds that are no numbers, zero or
// named twice, configs with faults or with the same name, no quality to reach, batches that cannot be shared, more samples in
// a step than there are; Error{missing_input, bad_data} for data that cannot be opened. Writes nothing.
Study plan_study(const StudyRequest& request);

// All runs: first each world once, then the repeats, so that a study that is cut short covers all worlds.
std::vector<StudyRun> runs_of(const Study& study);

int64_t global_batch_of(const Member& member, int world, bool weak);
// training.accumulation of a world: the config's, or the least that divides a rank's share into passes of samples_per_pass.
int64_t accumulation_of(const Study& study, const Member& member, int world);

std::filesystem::path config_of(const Study& study, const Member& member);
std::filesystem::path calibration_of(const Study& study, const Member& member);
std::filesystem::path run_folder_of(const Study& study, const Member& member, int world, int repeat);

// The quality that an experiment is to reach; its metric is "none" if it states none.
Quality target_of(const trainer::Experiment& experiment);

// "wavenet", "xception", "resnet50".
std::string model_type_of(const trainer::Experiment& experiment);

// Whether a run has ended as it should, on so many ranks; reads its folder.
bool is_done(const StudyRun& run);

// "galaxy-quickstart on 2 ranks, repeat 3".
std::string name_of(const StudyRun& run);

// The arguments, without the program's name, that make a run; under Slurm without --nproc.
std::vector<std::string> arguments_of(const Study& study, const StudyRun& run, bool start_ranks);
// Those of the measurement from which larger worlds are predicted, and its ranks: two show the link.
int calibration_ranks(const Study& study);
std::vector<std::string> calibration_arguments(const Study& study, const Member& member, double seconds);

}  // namespace hpcai::scaling
