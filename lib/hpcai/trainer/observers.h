#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "hpcai/runs/metrics_file.h"
#include "hpcai/runs/progress.h"
#include "hpcai/runs/throughput.h"
#include "hpcai/tasks/task.h"
#include "hpcai/trainer/course.h"
#include "hpcai/trainer/observer.h"

namespace hpcai::trainer {

// Measures samples per second without the time of evaluations and checkpoints. Add it to the loop before the observers that read
// it.
class ThroughputMeter : public Observer {
 public:
  void step_done(const StepReport& report, double time_s) override;
  void paused(double seconds) override { throughput_.pause(seconds); }

  double samples_per_second() const { return throughput_.samples_per_second(); }            // of the last steps; 0: unknown
  double mean_samples_per_second() const { return throughput_.mean_samples_per_second(); }  // of all steps; 0: unknown

 private:
  runs::Throughput throughput_;
};

// Makes the lines of metrics.jsonl.
class MetricsLines : public Observer {
 public:
  // `every_steps`: steps between two lines of event "step".
  MetricsLines(int64_t every_steps, const ThroughputMeter& meter) : every_steps_(every_steps), meter_(meter) {}

  void step_done(const StepReport& report, double time_s) override;
  void evaluated(const Position& position, const nlohmann::json& metrics, double time_s) override;
  void epoch_done(const Position& position, std::optional<double> validation_loss, double time_s) override;
  void healed(const Position& position, const std::vector<int>& ranks, const std::string& tensor, double time_s) override;

 private:
  virtual void write(const nlohmann::json& line) = 0;
  void write_skipped(const SkippedStep& skipped, const Position& position, double time_s);

  int64_t every_steps_;
  const ThroughputMeter& meter_;
};

// Writes metrics.jsonl.
class MetricsWriter : public MetricsLines {
 public:
  // `resume_step`: the step of the checkpoint from which training resumes. Lines of later steps are removed from the file;
  // std::nullopt removes all lines. Throws Error{cannot_write}.
  MetricsWriter(const std::filesystem::path& file, std::optional<int64_t> resume_step, int64_t every_steps,
                const ThroughputMeter& meter)
      : MetricsLines(every_steps, meter), file_(file, resume_step) {}

  // Writes those of the lines that the file does not have.
  void add_missing(const nlohmann::json& lines) { file_.add_missing(lines); }
  // Called at the end. Throws Error{cannot_write} if lines could not be written.
  void finish() { file_.finish(); }

 private:
  void write(const nlohmann::json& line) override { file_.write(line); }

  runs::MetricsFile file_;
};

// Keeps the lines since the newest step. A rank above 0 has them for a rank 0 that is lost before it has written them.
class NewestLines : public MetricsLines {
 public:
  using MetricsLines::MetricsLines;

  void step_done(const StepReport& report, double time_s) override;
  const nlohmann::json& lines() const { return lines_; }

 private:
  void write(const nlohmann::json& line) override { lines_.push_back(line); }

  nlohmann::json lines_ = nlohmann::json::array();
};

// Shows the progress and the results of evaluations on the console of rank 0.
class Console : public Observer {
 public:
  Console(const CourseLength& length, const tasks::Task& task, const ThroughputMeter& meter)
      : length_(length), task_(task), meter_(meter), progress_(std::in_place, /*rank=*/0) {}

  void step_done(const StepReport& report, double time_s) override;
  void evaluated(const Position& position, const nlohmann::json& metrics, double time_s) override;
  // Removes the progress bar.
  void end_progress() { progress_.reset(); }

 private:
  CourseLength length_;
  const tasks::Task& task_;
  const ThroughputMeter& meter_;
  std::optional<runs::Progress> progress_;
};

}  // namespace hpcai::trainer
