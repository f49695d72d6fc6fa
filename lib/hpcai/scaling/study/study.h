#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hpcai/scaling/study/curve.h"
#include "hpcai/trainer/experiment.h"

// A scaling study trains the same experiments on several numbers of ranks. Each run has a normal run folder
// <folder>/<name>/world-<n>[-repeat-<k>].
namespace hpcai::scaling {

// The command line of `scaling`. The fields mean the same as in Study.
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
  trainer::Experiment experiment;  // with the batch and the accumulation of one rank
};

struct Study {
  std::vector<Member> members;
  std::vector<int> worlds;       // rising
  bool weak = false;             // weak scaling: n ranks train with n times the global batch of the config
  int repeats = 1;               // repeat k trains with seed training.seed + k - 1
  int64_t samples_per_pass = 0;  // most samples in a pass of one rank; sets the accumulation; 0: as in the config
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

// Reads the configs and checks the whole study. Writes nothing. Throws one Error{usage} that lists all problems: worlds that are
// not numbers, zero or named twice, configs with faults or with the same name, a missing target, batches that do not divide
// evenly, more samples in a step than the data have. Throws Error{missing_input, bad_data} for data that cannot be opened.
Study plan_study(const StudyRequest& request);

// All runs. The first repeats of all worlds come before the second repeats, so that an interrupted study covers all worlds.
std::vector<StudyRun> runs_of(const Study& study);

// training.global_batch of a run on `world` ranks.
int64_t global_batch_of(const Member& member, int world, bool weak);
// training.accumulation of a run on `world` ranks: that of the config if samples_per_pass is 0, else the smallest number of equal
// passes with at most samples_per_pass samples each. A rank's share of the batch must be at least one sample.
int64_t accumulation_of(const Study& study, const Member& member, int world);

// Paths within the study's folder: the resolved config, the calibration and the run folder.
std::filesystem::path config_of(const Study& study, const Member& member);
std::filesystem::path calibration_of(const Study& study, const Member& member);
std::filesystem::path run_folder_of(const Study& study, const Member& member, int world, int repeat);

// The target metric and value of an experiment. The metric is "none" if the experiment has no target.
Quality target_of(const trainer::Experiment& experiment);

// "wavenet", "xception", "resnet50".
std::string model_type_of(const trainer::Experiment& experiment);

// Whether the summary in the run's folder says that the run has finished on run.world ranks.
bool is_done(const StudyRun& run);

// "galaxy-quickstart on 2 ranks, repeat 3".
std::string name_of(const StudyRun& run);

// The command line of a run without the program's name. `start_ranks` adds --nproc; it is false under Slurm, which starts the
// ranks.
std::vector<std::string> arguments_of(const Study& study, const StudyRun& run, bool start_ranks);
// The number of ranks of a calibration: two, which can measure the link, or one if the study has only worlds of one rank.
int calibration_ranks(const Study& study);
// The command line of a calibration without the program's name and without --nproc.
std::vector<std::string> calibration_arguments(const Study& study, const Member& member, double seconds);

}  // namespace hpcai::scaling
