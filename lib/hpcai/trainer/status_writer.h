#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "hpcai/checkpoint/checkpoints.h"
#include "hpcai/runs/status_file.h"
#include "hpcai/trainer/course.h"
#include "hpcai/trainer/observer.h"
#include "hpcai/trainer/observers.h"

namespace hpcai::trainer {

// Writes status.json: at each change of its "status" and otherwise every few seconds. The keys, null if unknown:
//
//   status              "starting", "running", "saving failed", then as in summary.json "finished", "stopped", ...
//   step, total_steps, epoch, loss, samples_per_second   of the last step
//   left_s              seconds to the last step at this rate; an early stop may come before
//   warnings            {"count", "last"}: how many warnings the log has, and the text of the last one
//   last_checkpoint     step of the last checkpoint that this process has saved or resumed from
//   unsaved_since       UTC time of the first failure to save, while saving fails
//   error               the reason of "saving failed" or of a failure
//   time, host, process   when the file was written, and by whom
class StatusWriter : public Observer {
 public:
  // Writes the status "starting". The meter must outlive the object.
  StatusWriter(std::filesystem::path file, const ThroughputMeter& meter);

  // Begins the training, whose checkpoints must outlive it. `resume_step`: the step of the checkpoint that was loaded.
  void begin(const CourseLength& length, const Position& position, std::optional<int64_t> resume_step,
             const checkpoint::Checkpoints& checkpoints);
  void step_done(const StepReport& report, double time_s) override;
  void paused(double seconds) override;
  // Writes the last status. `error`: the reason of a failure; empty if there is none.
  void end(const std::string& status, const std::string& error);

 private:
  void refresh();
  void write(const std::string& status, const std::string& error);

  runs::StatusFile file_;
  const ThroughputMeter& meter_;
  const checkpoint::Checkpoints* checkpoints_ = nullptr;
  std::string status_;
  std::optional<int64_t> total_steps_, resume_step_;
  Position position_;
  std::optional<double> loss_;
  int64_t samples_ = 0;  // of the last step
};

}  // namespace hpcai::trainer
