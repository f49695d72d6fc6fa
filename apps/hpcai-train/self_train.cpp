#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

#include "commands.h"
#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/stop_signal.h"
#include "hpcai/core/text.h"
#include "hpcai/data/predictions.h"
#include "hpcai/metrics/most_certain.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/judgements.h"
#include "hpcai/trainer/run.h"
#include "hpcai/trainer/sources.h"
#include "trained.h"

namespace hpcai::app {
namespace {

namespace fs = std::filesystem;

struct SelfTrainOptions {
  ConfigOptions config;
  std::string run_dir;
  int64_t rounds = 1;
  int64_t per_class = 1000;
  bool resume = false;
  bool json = false;
};

// What a round began with, and what came out.
struct Round {
  int64_t number = 0;
  std::vector<metrics::CertainPrediction> picks;  // of the round before
  nlohmann::json summary;
};

fs::path folder_of(const SelfTrainOptions& options, int64_t round) {
  return fs::path(options.run_dir) / fmt::format("round-{}", round);
}
fs::path picks_of(const SelfTrainOptions& options, int64_t round) {
  return fs::path(options.run_dir) / fmt::format("picks-{}.csv", round);
}

size_t unlabelled_source(const trainer::Experiment& experiment) {
  const auto is_unlabelled = [](const trainer::SourceConfig& source) { return source.role == trainer::SourceRole::unlabelled; };
  const auto count = std::ranges::count_if(experiment.sources, is_unlabelled);
  if (count != 1) {
    throw Error(ExitCode::usage, fmt::format("self-train needs one source of unlabelled samples; sources names {}", count),
                "Give one entry with role: unlabelled in the section sources.");
  }
  return static_cast<size_t>(std::ranges::find_if(experiment.sources, is_unlabelled) - experiment.sources.begin());
}

// The experiment of a round: without the unlabelled source if the task uses none, and with the picks as training samples.
trainer::Experiment experiment_of(const SelfTrainOptions& options, trainer::Experiment experiment, int64_t round) {
  const size_t place = unlabelled_source(experiment);
  trainer::SourceConfig picked = experiment.sources[place];
  if (trainer::build_task(experiment)->further_sources().empty()) {
    experiment.sources.erase(experiment.sources.begin() + static_cast<std::ptrdiff_t>(place));
  }
  if (round > 0) {
    picked.role = trainer::SourceRole::training;
    picked.labels = picks_of(options, round).string();
    experiment.sources.push_back(std::move(picked));
  }
  return experiment;
}

// The summary of a round that is done; null for another.
nlohmann::json finished(const SelfTrainOptions& options, const trainer::Experiment& experiment, int64_t round) {
  const fs::path path = folder_of(options, round) / "summary.json";
  if (!path_exists(path)) return nullptr;
  auto summary = nlohmann::json::parse(read_file(path), nullptr, /*allow_exceptions=*/false);
  if (!summary.is_object() || summary.value("status", "") != "finished") return nullptr;
  if (summary.value("config_digest", "") == config::digest(experiment)) return summary;
  throw Error(ExitCode::cannot_resume, fmt::format("{} is the run of another config", printable(folder_of(options, round))),
              "Resume with the former config, or give another --run-dir.");
}

// Labels the unlabelled samples with the network of the last round and writes the most certain ones for round `next`.
std::vector<metrics::CertainPrediction> pick(const SelfTrainOptions& options, const trainer::Experiment& experiment,
                                             int64_t next) {
  TrainedOptions chosen;
  chosen.run_dirs = {folder_of(options, next - 1).string()};
  data::NetworkUse use;
  Trained trained = load_network(chosen, /*needs_labels=*/false, use);
  trained.dataset = trainer::open_unlabelled_samples(experiment, use.spec, at::get_num_threads());
  const auto all = trained.predict(*trained.dataset);
  const auto picks = metrics::most_certain(all.prediction, next * options.per_class);
  data::PredictionTable table;
  table.columns = {"probability"};
  table.texts = {{"label", {}}};
  for (const auto& taken : picks) {
    table.ids.push_back(trained.dataset->id(all.index[static_cast<size_t>(taken.row)]));
    table.predictions.push_back(taken.probability);
    table.texts[0].values.push_back(use.spec.class_names[static_cast<size_t>(taken.label)]);
  }
  write_output(picks_of(options, next), data::predictions_csv(table), "--run-dir");
  log::info("round {}: {} of {} unlabelled samples are taken as labelled, in {}", next, picks.size(), all.index.size(),
            printable(picks_of(options, next)));
  return picks;
}

nlohmann::json quality(const nlohmann::json& summary, const char* split) {
  const auto found = summary.find(split);
  return found != summary.end() && found->is_object() ? found->value("accuracy", nlohmann::json()) : nlohmann::json();
}

nlohmann::json row_of(const Round& round) {
  double least = 1;
  for (const auto& taken : round.picks) least = std::min(least, taken.probability);
  return {{"round", round.number},
          {"picked", round.picks.size()},
          {"least_probability", round.picks.empty() ? nlohmann::json() : nlohmann::json(least)},
          {"validation_accuracy", quality(round.summary, "validation")},
          {"test_accuracy", quality(round.summary, "test")}};
}

std::string cell(const nlohmann::json& value) { return value.is_null() ? "-" : fmt::format("{:.4f}", value.get<double>()); }

void tell(const SelfTrainOptions& options, const std::vector<Round>& rounds) {
  nlohmann::json table = nlohmann::json::array();
  std::string csv = "round,picked,least_probability,validation_accuracy,test_accuracy\n";
  std::string text = "round   picked  least probability  validation accuracy  test accuracy\n";
  const auto field = [](const nlohmann::json& value) { return value.is_null() ? "" : json_text(value); };
  for (const Round& round : rounds) {
    const nlohmann::json row = row_of(round);
    table.push_back(row);
    csv += fmt::format("{},{},{},{},{}\n", round.number, round.picks.size(), field(row["least_probability"]),
                       field(row["validation_accuracy"]), field(row["test_accuracy"]));
    text += fmt::format("{:5}  {:7}  {:>17}  {:>19}  {:>13}\n", round.number, round.picks.size(), cell(row["least_probability"]),
                        cell(row["validation_accuracy"]), cell(row["test_accuracy"]));
  }
  write_output(fs::path(options.run_dir) / "rounds.csv", csv, "--run-dir");
  std::cout << (options.json ? json_text(table, 2) + "\n" : text);
}

void check_folder(const SelfTrainOptions& options) {
  const fs::path folder = options.run_dir;
  std::error_code ignored;
  if (options.resume || !path_exists(folder) || fs::is_empty(folder, ignored)) return;
  throw Error(ExitCode::usage, fmt::format("{} exists already", printable(folder)),
              "Go on with --resume, or give another --run-dir.");
}

int self_train(const CommandLine& line, const SelfTrainOptions& options) {
  end_on_stop_signals(/*speak=*/true);
  const trainer::Experiment experiment = options.config.read();
  unlabelled_source(experiment);
  trainer::refuse_problems(trainer::judge(experiment_of(options, experiment, 0), 1));
  check_folder(options);
  std::error_code error;
  fs::create_directories(options.run_dir, error);
  if (error) {
    throw Error(ExitCode::cannot_write, fmt::format("cannot make {}: {}", printable(fs::path(options.run_dir)), error.message()),
                "Give another --run-dir.");
  }
  std::vector<Round> rounds;
  for (int64_t number = 0; number <= options.rounds; ++number) {
    Round& round = rounds.emplace_back(Round{number, {}, nullptr});
    if (number > 0) round.picks = pick(options, experiment, number);
    const trainer::Experiment own = experiment_of(options, experiment, number);
    round.summary = finished(options, own, number);
    if (round.summary.is_null()) {
      trainer::RunOptions run;
      run.run_dir = folder_of(options, number);
      run.resume = options.resume ? trainer::Resume::automatic : trainer::Resume::never;
      run.command = line.arguments;
      run.command.insert(run.command.begin(), "hpcai-train");
      if (const int status = trainer::run_experiment(own, distributed::World{}, run); status != 0) return status;
      round.summary = finished(options, own, number);
    }
  }
  tell(options, rounds);
  return 0;
}

}  // namespace

void add_self_train(CommandLine& line) {
  auto options = std::make_shared<SelfTrainOptions>();
  CLI::App* app = line.app.add_subcommand(
      "self-train", "Train, take the most certain predictions for unlabelled samples as labels, train again, and so on");
  app->footer(
      "example: hpcai-train self-train --config configs/galaxy/self_training.yaml --rounds 2 --per-class 500 --run-dir "
      "runs/self\n"
      "Round r takes r times --per-class samples of each class. Round 0 has labelled samples only. Every round is a run of its "
      "own,\n"
      "in round-0, round-1 and so on; rounds.csv has the table that is printed at the end.");
  options->config.add_to(*app);
  app->add_option("--run-dir", options->run_dir, "Folder for the runs of all rounds")->type_name("DIR")->required();
  app->add_option("--rounds", options->rounds, "Rounds after the first")
      ->type_name("N")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app->add_option("--per-class", options->per_class, "Samples of each class that a round adds")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40))
      ->capture_default_str();
  app->add_flag("--resume", options->resume, "Go on where an earlier call was interrupted");
  app->add_flag("--json", options->json, "Print the table as JSON");
  app->callback([&line, options] { line.run = [&line, options] { return self_train(line, *options); }; });
}

}  // namespace hpcai::app
