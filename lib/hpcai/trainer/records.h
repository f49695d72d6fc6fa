#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "hpcai/checkpoint/checkpoints.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/loop.h"
#include "hpcai/trainer/run.h"

namespace hpcai::trainer {

struct Experiment;

// What a run leaves in its folder and shows on the console. Rank 0 keeps it; the records of other ranks, which are these, do
// nothing, so that nobody else asks which rank it is. Called in this order, on all ranks at the same time.
class Records {
 public:
  virtual ~Records() = default;

  // Whether the run may have this folder. Touches nothing. Throws Error{usage}.
  virtual void check() const {}
  // Takes the folder, and gives the newest checkpoint if the run goes on from one. `data`: those of the
  // training, which checkpoints will describe. Throws Error{cannot_resume}, also where the data have changed; Error{usage}.
  virtual std::optional<checkpoint::Loaded> enter(const data::Splits& /*data*/) { return std::nullopt; }
  // Writes down command, environment and config.
  virtual void begin(bool /*resumed*/) {}
  // Lets the loop write checkpoints, metrics and progress.
  virtual void attach(Loop&, const Training&, const checkpoint::Origin&, bool /*resumed*/) {}
  // Tells what is trained, and how.
  virtual void introduce(const Training&, const Loop&, const distributed::Group&) const {}

  // After the last step: what waits to be written is written. Throws Error{cannot_write}.
  virtual void finish() {}
  // The progress bar goes away.
  virtual void end_progress() {}
  virtual double samples_per_second() const { return 0; }  // mean over this sitting's steps; 0: unknown
  virtual void write_summary(const nlohmann::json&) const {}
};

// `experiment` and `options` outlive the records.
std::unique_ptr<Records> make_records(int rank, const Experiment& experiment, const RunOptions& options,
                                      const std::filesystem::path& folder);

}  // namespace hpcai::trainer
