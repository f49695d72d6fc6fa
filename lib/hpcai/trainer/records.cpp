#include "hpcai/trainer/records.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "hpcai/checkpoint/candidates.h"
#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/paths.h"
#include "hpcai/runs/environment.h"
#include "hpcai/runs/hashes.h"
#include "hpcai/runs/run_folder.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/initial_weights.h"
#include "hpcai/trainer/model_record.h"
#include "hpcai/trainer/observers.h"
#include "hpcai/trainer/status_writer.h"
#include "hpcai/trainer/summary.h"

namespace hpcai::trainer {
namespace {

namespace fs = std::filesystem;

runs::ExistingRun existing_run(const RunOptions& options) {
  if (options.overwrite) return runs::ExistingRun::overwrite;
  return options.resume == Resume::never ? runs::ExistingRun::refuse : runs::ExistingRun::resume;
}

// Whether the run takes the first free name, so that no folder is known before it is created.
bool takes_free_name(const RunOptions& options) {
  return !options.run_dir && options.resume == Resume::never && !options.overwrite;
}

// Throws Error{cannot_resume} if a setting that changes the result differs from the config in the run folder.
void refuse_changed_settings(const Experiment& experiment, const fs::path& saved_config) {
  if (!path_exists(saved_config)) return;
  const auto saved = config::read<Experiment>(saved_config);
  const auto changes = config::differences(saved, experiment);
  if (changes.empty()) return;
  std::string text = fmt::format("the run in {} was started with other settings:", saved_config.parent_path().string());
  for (const auto& change : changes) text += fmt::format("\n  {}: {} then, {} now", change.key, change.before, change.after);
  throw Error(ExitCode::cannot_resume, text, "Give the same settings, or start a new run in another --run-dir.");
}

// The records of a rank above 0.
class NewestRecords : public Records {
 public:
  explicit NewestRecords(int64_t every_steps) : newest_(every_steps, meter_) {}

  void attach(Loop& loop, const Training&, const checkpoint::Origin&, bool /*resumed*/) override {
    loop.add_observer(meter_);
    loop.add_observer(newest_);
  }
  nlohmann::json newest_lines() const override { return newest_.lines(); }

 private:
  ThroughputMeter meter_;
  NewestLines newest_;
};

// The records of rank 0.
class FolderRecords : public Records {
 public:
  FolderRecords(const Experiment& experiment, const RunOptions& options)
      : experiment_(experiment), options_(options), path_(options.run_dir.value_or(fs::path("runs") / experiment.name)) {}

  void check() const override {
    if (!takes_free_name(options_)) runs::RunFolder::check(path_, existing_run(options_));
  }

  bool has_checkpoints() const override {
    const bool resumes = options_.resume != Resume::never && !options_.overwrite;
    return resumes && !checkpoint::find_candidates(path_ / "checkpoints").empty();
  }

  std::optional<checkpoint::Loaded> enter(const nlohmann::json& card, bool load) override {
    const bool resumes = options_.resume != Resume::never && !options_.overwrite;
    // The folder is locked before it is read, so that no other program changes it in between.
    if (resumes && path_exists(path_)) create_folder();
    if (folder_) refuse_changed_settings(experiment_, path_ / "config.yaml");
    std::optional<checkpoint::Loaded> loaded;
    if (folder_ && load) loaded = checkpoint::Checkpoints(path_ / "checkpoints", experiment_.checkpoint.keep).load_newest();
    if (!loaded && load && options_.resume == Resume::require) {
      throw Error(ExitCode::cannot_resume, fmt::format("--resume require: there is no checkpoint in {}", path_.string()),
                  "Use --resume auto to start from the beginning where there is none.");
    }
    card_ = card;
    if (loaded) {
      refuse_changed_data(loaded->state.state, card_, path_);
      const nlohmann::json weights = weights_record_of(loaded->state.state);
      if (!weights.is_null()) {
        checkpoint::read_content(loaded->path, [&] { refuse_changed_weights(weights, path_); });
        card_["weights"] = weights;
      }
    }
    if (!folder_) create_folder();
    return loaded;
  }

  void begin(bool resumed, int ranks) override {
    remove_tree(path_ / runs::kHashesName);  // they are those of the former end
    folder_->write_command(options_.command);
    nlohmann::json environment = runs::describe_run_environment();
    environment["ranks"] = ranks;
    environment["folder"] = absolute_path(".").string();  // the paths in the config are relative to it
    if (card_.contains("data")) environment["data"] = card_["data"];
    if (card_.contains("weights")) environment["initial_weights"] = card_["weights"];
    folder_->write_environment(environment);
    if (!resumed) {
      folder_->write_config(config::to_yaml(experiment_));
      folder_->write_sources(options_.origins);
    }
    log::open_file(folder_->log().string());
    status_.emplace(folder_->status(), meter_);
  }

  void attach(Loop& loop, const Training& training, const checkpoint::Origin& origin, bool resumed) override {
    if (!checkpoints_) {
      checkpoints_.emplace(folder_->checkpoints(), experiment_.checkpoint.keep, origin, experiment_.checkpoint.max_unsaved_s);
      checkpoints_->prepare();
      checkpoints_->sync_first(folder_->metrics());
    }
    const auto resume_step = resumed ? std::make_optional(loop.course().position().step) : std::nullopt;
    metrics_.emplace(folder_->metrics(), resume_step, experiment_.training.log_every_steps, meter_);
    console_.emplace(loop.course().length(), *training.task, meter_);
    status_->begin(loop.course().length(), loop.course().position(), resume_step, *checkpoints_);
    loop.save_to({&*checkpoints_, card_});
    loop.add_observer(meter_);
    loop.add_observer(*metrics_);
    loop.add_observer(*console_);
    loop.add_observer(*status_);
  }

  void add_missing(const nlohmann::json& lines) override { metrics_->add_missing(lines); }

  void introduce(const Training& training, const Loop& loop, const distributed::Group& group) const override {
    trainer::introduce(experiment_, training, loop, group, path_);
  }

  void finish() override {
    if (metrics_) metrics_->finish();
  }
  void end_progress() override {
    if (console_) console_->end_progress();
  }
  fs::path place() const override { return path_; }
  double samples_per_second() const override { return meter_.mean_samples_per_second(); }
  void write_summary(const nlohmann::json& summary) const override { folder_->write_summary(summary); }
  void end(const std::string& status, const std::string& error) override {
    if (status == "finished") runs::record_hashes(path_);  // who reads that the run has finished finds them
    if (status_) status_->end(status, error);
  }

 private:
  void create_folder() {
    folder_.emplace(takes_free_name(options_) ? runs::RunFolder::create_free(path_)
                                              : runs::RunFolder::create(path_, existing_run(options_)));
    path_ = folder_->path();
  }

  const Experiment& experiment_;
  const RunOptions& options_;
  fs::path path_;
  std::optional<runs::RunFolder> folder_;
  nlohmann::json card_;  // description of model and data for the checkpoints
  std::optional<checkpoint::Checkpoints> checkpoints_;
  ThroughputMeter meter_;
  std::optional<MetricsWriter> metrics_;
  std::optional<Console> console_;
  std::optional<StatusWriter> status_;
};

}  // namespace

nlohmann::json Records::newest_lines() const { return nlohmann::json::array(); }

std::unique_ptr<Records> make_records(int rank, const Experiment& experiment, const RunOptions& options) {
  if (rank > 0) return std::make_unique<NewestRecords>(experiment.training.log_every_steps);
  return std::make_unique<FolderRecords>(experiment, options);
}

}  // namespace hpcai::trainer
