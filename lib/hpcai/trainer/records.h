#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "hpcai/checkpoint/checkpoints.h"
#include "hpcai/distributed/exchange/group.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/loop.h"
#include "hpcai/trainer/run.h"

namespace hpcai::trainer {

struct Experiment;

// The run folder and the console output of a run. This base class does nothing; the ranks above 0 use one that keeps the newest
// lines of metrics.jsonl, and rank 0 one that writes the files. So the callers need not ask for their rank. All ranks call the
// functions in the order below. After a loss of other ranks the same records go on: attach() is called again, for the new loop.
class Records {
 public:
  virtual ~Records() = default;

  // Throws Error{usage} if the run cannot use the folder. Changes nothing.
  virtual void check() const {}
  // Whether the run will resume from a checkpoint of the folder, or fail because none of them can be read.
  virtual bool has_checkpoints() const { return false; }
  // Creates or reopens the folder and locks it. Several new runs of one name that start at the same time get different folders.
  // Returns the newest checkpoint if the run resumes and `load` is true: false means that another rank holds the state. `card`:
  // what the checkpoints will say about model and data; see make_record() of model_record.h. Throws Error{cannot_resume}, also if
  // the settings or the data have changed; Error{usage}.
  virtual std::optional<checkpoint::Loaded> enter(const nlohmann::json& /*card*/, bool /*load*/) { return std::nullopt; }
  // Writes the command, the environment, the config and the places of its settings into the folder, and opens log.txt and
  // status.json. `ranks`: their number.
  virtual void begin(bool /*resumed*/, int /*ranks*/) {}
  // Makes the loop save checkpoints, write metrics.jsonl and status.json and show its progress.
  virtual void attach(Loop&, const Training&, const checkpoint::Origin&, bool /*resumed*/) {}
  // The lines of metrics.jsonl since the newest step, for a rank 0 that is lost before it has written them.
  virtual nlohmann::json newest_lines() const;
  // After attach(): writes those of the lines that metrics.jsonl does not have.
  virtual void add_missing(const nlohmann::json& /*lines*/) {}
  // Logs the sizes of data, model and training; see introduce() of summary.h.
  virtual void introduce(const Training&, const Loop&, const distributed::Group&) const {}

  // Called after the last step: writes what has not been written yet. Throws Error{cannot_write}.
  virtual void finish() {}
  // Removes the progress bar.
  virtual void end_progress() {}
  virtual std::filesystem::path place() const { return {}; }  // the run folder; after enter()
  virtual double samples_per_second() const { return 0; }     // mean since the start of this process; 0: unknown
  virtual void write_summary(const nlohmann::json&) const {}
  // Writes the last state of the run into status.json. `error`: the reason of a failure; empty if there is none.
  virtual void end(const std::string& /*status*/, const std::string& /*error*/ = "") {}
};

// The records of a rank. `experiment` and `options` must outlive them.
std::unique_ptr<Records> make_records(int rank, const Experiment& experiment, const RunOptions& options);

}  // namespace hpcai::trainer
