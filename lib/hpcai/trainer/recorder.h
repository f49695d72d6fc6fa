#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "hpcai/checkpoint/checkpoints.h"
#include "hpcai/runs/metrics_file.h"
#include "hpcai/runs/progress.h"
#include "hpcai/runs/run_folder.h"
#include "hpcai/runs/throughput.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/target.h"
#include "hpcai/trainer/trainer.h"

namespace hpcai::trainer {

// Writes what happens in a training into its run folder and shows it on the console, from rank 0; evaluates with all.
class Recorder : public Events {
 public:
  // `origin` goes into every checkpoint's manifest.
  Recorder(distributed::Group& group, const Training& training, const runs::RunFolder& folder, checkpoint::Origin origin);
  ~Recorder() override;

  // Before Trainer::run(): where training begins. `saved`: the state.json of the checkpoint it goes on from, null for a new
  // run; with it, lines of metrics.jsonl after that step go away.
  void begin(Trainer& trainer, const nlohmann::json& saved);

  void step_done(const StepReport& report) override;
  std::optional<Validation> evaluate(const Position& position) override;
  void epoch_done(const Position& position, std::optional<double> validation_loss) override;
  void save(const Position& position, bool best) override;
  void finish_progress() { progress_.reset(); }
  // After Trainer::run(): what waits to be written is written, or Error{cannot_write} is thrown on all ranks.
  void finish();

  double elapsed_s() const;  // of all sittings of this run
  double samples_per_second() const { return throughput_.mean_samples_per_second(); }
  const nlohmann::json& last_validation() const { return last_validation_; }
  const Target& target() const { return target_; }

 private:
  bool talks() const { return group_.rank() == 0; }
  void retry_saving();
  void pause_throughput(std::chrono::steady_clock::time_point since);

  distributed::Group& group_;
  const Training& training_;
  const runs::RunFolder& folder_;
  Trainer* trainer_ = nullptr;
  checkpoint::Checkpoints checkpoints_;
  std::unique_ptr<runs::MetricsFile> metrics_;
  std::unique_ptr<runs::Progress> progress_;
  runs::Throughput throughput_;
  nlohmann::json last_validation_;
  Target target_;
  double elapsed_before_s_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// "loss 0.0123, accuracy 0.971" or "loss 0.12, overlap median 0.991": the numbers a person looks for.
std::string describe_quality(const nlohmann::json& metrics);

}  // namespace hpcai::trainer
