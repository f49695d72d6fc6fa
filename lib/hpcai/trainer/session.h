#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "hpcai/core/error.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/trainer/incarnation.h"
#include "hpcai/trainer/records.h"
#include "hpcai/trainer/run.h"

namespace hpcai::trainer {

struct Experiment;

// The life of a training process, which is one rank: signals, the run folder with its records, the end of the training. Its
// Incarnation holds what depends on the other ranks.
class Session {
 public:
  // Throws Error{usage} for an experiment that cannot run on world.size ranks. The arguments must outlive the session.
  Session(const Experiment& experiment, const distributed::World& world, const RunOptions& options);

  // Trains to the end. Returns ExitCode::done, or ExitCode::stopped after a stop signal. Throws Error for every other end.
  ExitCode run();

 private:
  void prepare();
  std::optional<checkpoint::Loaded> open();
  void start(const std::optional<checkpoint::Loaded>& resumed);
  ExitCode train();
  ExitCode conclude(Ending ending);
  void evaluate_finally(nlohmann::json& summary);
  nlohmann::json summarise(const std::string& status);

  const Experiment& experiment_;
  const distributed::World& world_;
  const RunOptions& options_;
  std::optional<Incarnation> incarnation_;
  std::unique_ptr<Records> records_;
};

}  // namespace hpcai::trainer
