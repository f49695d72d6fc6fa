#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/process.h"
#include "hpcai/jobs/child_program.h"
#include "hpcai/search/outcome.h"
#include "hpcai/search/search_folder.h"

namespace hpcai::search {

// The part of a search that this program does.
struct Share {
  int64_t trials = 0;  // the search has the trials 0 to trials - 1
  int parallel = 1;    // trainings at the same time
  int worker = 0;      // 1 to workers: only the trials number = worker - 1 (modulo workers)
  int workers = 1;
};

// Trains what is left of a search: trials that have not begun, were interrupted, or go on to their next rung. Each training is
// this program as a child with a normal run folder, resumed with --resume auto.
class Runner {
 public:
  Runner(SearchFolder& folder, const Share& share);

  // Returns 0 when every trial of the share has ended, also if some have failed; ExitCode::stopped after a stop signal, when all
  // trainings have saved their state; the first failure's status if all trials have failed; and, at once, the status of a
  // training that failed for a reason that would hit every trial, such as a full disk or missing data.
  int run();

 private:
  struct Training {
    int64_t number = 0, rung = 0;
    pid_t process = 0;
    int64_t steps_before = 0;  // saved when it was started
  };

  bool is_mine(int64_t number) const { return share_.worker == 0 || number % share_.workers == share_.worker - 1; }
  bool trains(int64_t number) const;
  void read();
  bool start_more();
  void start(size_t slot, int64_t number, int64_t rung);
  bool poll();
  void note_end(const Training& training, int status);
  void record(int64_t number, int64_t rung, const Outcome& outcome);
  void record_failure(int64_t number, int64_t rung, int status);
  void begin_trial(int64_t number);
  static void tell(int64_t number, const std::string& what);
  bool all_mine_ended() const;
  void pass_signals_on();
  int conclude();
  Environment environment_of(size_t slot) const;
  std::vector<std::string> arguments_of(int64_t number, int64_t rung) const;

  SearchFolder& folder_;
  Share share_;
  jobs::StopSignals signals_;
  std::vector<std::string> gpus_;
  std::vector<std::optional<Training>> slots_;
  std::vector<Values> proposals_;  // of the sampler
  std::vector<Trial> trials_;
  std::vector<Decision> decisions_;
  std::map<int64_t, int> idle_starts_;  // of a trial: starts in a row that were killed before they had saved anything new
  int64_t threads_ = 0;                 // training.threads of each rank; 0: as in the config
  int passed_on_ = 0;                   // stop signals
  int first_failure_ = static_cast<int>(ExitCode::diverged);  // exit status, if all trials have failed
  bool has_failed_ = false;
  int fatal_ = 0;  // exit status of a failure that is not the trial's
  std::string fatal_reason_;
};

// The GPUs that trainings may use, as CUDA_VISIBLE_DEVICES names them: its entries if it is set, else one for each
// <devices>/nvidia<n>. Empty without GPUs.
std::vector<std::string> usable_gpus(const Environment& environment, const std::filesystem::path& devices = "/dev");

}  // namespace hpcai::search
