#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "hpcai/core/error.h"
#include "hpcai/distributed/world/reunion.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/trainer/incarnation.h"
#include "hpcai/trainer/model_record.h"
#include "hpcai/trainer/records.h"
#include "hpcai/trainer/run.h"

namespace hpcai::trainer {

struct Experiment;

// The life of a training process, which is one rank: signals, the run folder with its records, the end of the training. Its
// Incarnation holds what depends on the other ranks.
//
// If other ranks are lost and this one may go on (Reunion), it keeps its process and the state before the interrupted step. All
// ranks meet again, those that have a state give it to the new ones, and the training goes on.
class Session {
 public:
  // Throws Error{usage} for an experiment that cannot run on world.size ranks. The arguments must outlive the session.
  Session(const Experiment& experiment, const distributed::World& world, const RunOptions& options);

  // Trains to the end. Returns ExitCode::done, or ExitCode::stopped after a stop signal or at the pause. Throws Error for every
  // other end.
  ExitCode run();

 private:
  void prepare();
  void make_own_records();
  void resume_in(const std::string& folder);
  int find_holder();
  void open(bool load);
  void start(const std::optional<checkpoint::Loaded>& resumed);
  ExitCode train();
  ExitCode conclude(Ending ending);
  ExitCode leave_resumable(Ending ending);
  ExitCode leave_as_superfluous() const;
  bool meet_again(const Error& loss);
  void keep_state();
  void leave_group(const std::vector<int>& lost);
  void enter_world(const distributed::World& world);
  void tell_failure(const Error& error, nlohmann::json summary);
  void evaluate_pause(nlohmann::json& summary);
  void evaluate_finally(nlohmann::json& summary);
  nlohmann::json summarise(const std::string& status);

  const Experiment& experiment_;
  distributed::World world_;
  distributed::Reunion reunion_;
  const RunOptions& options_;  // as given
  RunOptions folder_options_;  // for the run folder: a rank that was started again resumes
  std::optional<Incarnation> incarnation_;
  std::unique_ptr<Records> records_;
  DataFingerprints fingerprints_;
  int records_rank_ = -1;          // the rank that the records are for
  bool entered_ = false;           // whether the records have entered the run folder
  bool begun_ = false;             // whether the records have begun
  bool trains_ = false;            // whether the loop holds the state of the training
  bool has_trained_ = false;       // whether it has held one
  std::optional<int> local_rank_;  // in the group that this rank left last
  // What rank 0 has read, or the state before the interrupted step, until the loop has loaded it.
  std::optional<checkpoint::Loaded> loaded_;
};

}  // namespace hpcai::trainer
