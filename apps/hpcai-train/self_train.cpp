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
#include "hpcai/data/open.h"
#include "hpcai/data/predictions.h"
#include "hpcai/data/tables/csv.h"
#include "hpcai/data/tables/numeric_cell.h"
#include "hpcai/data/wrappers/without_truth.h"
#include "hpcai/metrics/most_certain.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/judgements.h"
#include "hpcai/trainer/run.h"
#include "hpcai/trainer/sources.h"
#include "inputs.h"
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

// The samples that a round takes as labelled.
struct Picks {
  int64_t count = 0;
  double least_probability = 1;
};

// What a round began with, and what came out.
struct Round {
  int64_t number = 0;
  Picks picks;
  nlohmann::json summary;
};

constexpr const char* kRecordName = "self_train.json";

fs::path file_in(const SelfTrainOptions& options, const std::string& name) { return fs::path(options.run_dir) / name; }
fs::path folder_of(const SelfTrainOptions& options, int64_t round) { return file_in(options, fmt::format("round-{}", round)); }
fs::path picks_of(const SelfTrainOptions& options, int64_t round) { return file_in(options, fmt::format("picks-{}.csv", round)); }

// The same for every spelling of the folder, because it is part of the config of a round.
std::string full_name(const fs::path& path) {
  std::error_code error;
  const fs::path full = fs::weakly_canonical(path, error);
  return error ? path.string() : full.string();
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
    picked.labels = full_name(picks_of(options, round));
    experiment.sources.push_back(std::move(picked));
  }
  return experiment;
}

// The summary of a round that is done; null for another.
nlohmann::json finished(const SelfTrainOptions& options, const trainer::Experiment& experiment, int64_t round) {
  const fs::path path = folder_of(options, round) / "summary.json";
  if (!path_exists(path)) return nullptr;
  auto summary = try_parse_json(read_file(path));
  if (!summary.is_object() || summary.value("status", "") != "finished") return nullptr;
  if (summary.value("config_digest", "") == config::digest(experiment)) return summary;
  throw Error(ExitCode::cannot_resume, fmt::format("{} is the run of another config", printable(folder_of(options, round))),
              "Resume with the former config, or give another --run-dir.");
}

// Labels the unlabelled samples with the network of the last round and writes the most certain ones for round `next`.
void pick(const SelfTrainOptions& options, const trainer::Experiment& experiment, int64_t next) {
  TrainedOptions chosen;
  chosen.run_dirs = {folder_of(options, next - 1).string()};
  data::NetworkUse use;
  Trained trained = load_network(chosen, /*needs_labels=*/false, use);
  trained.dataset = trainer::open_unlabelled_samples(experiment, use.spec, at::get_num_threads());
  const data::WithoutTruth unlabelled(*trained.dataset);
  const auto all = trained.evaluate(unlabelled).predictions;
  const auto picks = metrics::most_certain(all.prediction, next * options.per_class);
  data::PredictionTable table;
  table.columns = {"probability"};
  table.texts = {{"label", {}}};
  for (const auto& taken : picks) {
    table.ids.push_back(unlabelled.id(all.index[static_cast<size_t>(taken.row)]));
    table.predictions.push_back(taken.probability);
    table.texts[0].values.push_back(use.spec.class_names[static_cast<size_t>(taken.label)]);
  }
  write_output(picks_of(options, next), data::predictions_csv(table), "--run-dir");
  log::info("round {}: {} of {} unlabelled samples are taken as labelled, in {}", next, picks.size(), all.index.size(),
            printable(picks_of(options, next)));
}

Picks read_picks(const fs::path& path) {
  const data::Csv csv(path, {"id", "probability", "label"});
  const size_t column = csv.column("probability");
  Picks picks{csv.rows()};
  for (int64_t row = 0; row < csv.rows(); ++row) {
    const double probability = data::number_in(csv, row, column, 1, "Remove the file: self-train --resume writes it again.");
    picks.least_probability = std::min(picks.least_probability, probability);
  }
  return picks;
}

nlohmann::json quality(const nlohmann::json& summary, const char* split) {
  const auto found = summary.find(split);
  return found != summary.end() && found->is_object() ? found->value("accuracy", nlohmann::json()) : nlohmann::json();
}

nlohmann::json row_of(const Round& round) {
  return {{"round", round.number},
          {"picked", round.picks.count},
          {"least_probability", round.picks.count == 0 ? nlohmann::json() : nlohmann::json(round.picks.least_probability)},
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
    csv += fmt::format("{},{},{},{},{}\n", round.number, round.picks.count, field(row["least_probability"]),
                       field(row["validation_accuracy"]), field(row["test_accuracy"]));
    text += fmt::format("{:5}  {:7}  {:>17}  {:>19}  {:>13}\n", round.number, round.picks.count, cell(row["least_probability"]),
                        cell(row["validation_accuracy"]), cell(row["test_accuracy"]));
  }
  write_output(fs::path(options.run_dir) / "rounds.csv", csv, "--run-dir");
  std::cout << (options.json ? json_text(table, 2) + "\n" : text);
}

// What must stay the same when rounds are resumed.
nlohmann::json record_of(const SelfTrainOptions& options, const trainer::Experiment& experiment) {
  return {{"config_digest", config::digest(experiment)}, {"per_class", options.per_class}};
}

// Refuses a folder of something else, and with --resume another config or --per-class.
void check_folder(const SelfTrainOptions& options, const trainer::Experiment& experiment) {
  const fs::path folder = options.run_dir, record = file_in(options, kRecordName);
  std::error_code ignored;
  if (!path_exists(folder) || fs::is_empty(folder, ignored)) return;
  if (!options.resume || !path_exists(record)) {
    throw Error(ExitCode::usage,
                fmt::format("{} exists already{}", printable(folder), options.resume ? " and is no folder of self-train" : ""),
                options.resume ? "Give another --run-dir." : "Go on with --resume, or give another --run-dir.");
  }
  if (try_parse_json(read_file(record)) == record_of(options, experiment)) return;
  throw Error(ExitCode::cannot_resume, fmt::format("{} was begun with another config or another --per-class", printable(folder)),
              "Resume with the former ones, or give another --run-dir.");
}

// Finds what would end a later round before the first one is trained.
void check_experiment(const SelfTrainOptions& options, const trainer::Experiment& experiment) {
  unlabelled_source(experiment);
  trainer::refuse_problems(trainer::judge(experiment_of(options, experiment, 0), 1));
  if (!trainer::build_task(experiment)->predicts_probabilities()) {
    throw Error(ExitCode::usage, "self-train needs a classification", "Set loss.type to cross_entropy or adaptation.");
  }
  trainer::open_unlabelled_samples(experiment, data::spec_of_samples(experiment.data), 0);
}

void make_folder_of(const SelfTrainOptions& options, const trainer::Experiment& experiment) {
  std::error_code error;
  fs::create_directories(options.run_dir, error);
  if (error) {
    throw Error(ExitCode::cannot_write, fmt::format("cannot make {}: {}", printable(fs::path(options.run_dir)), error.message()),
                "Give another --run-dir.");
  }
  const auto inputs = inputs_of(options.config, experiment);
  require_output(file_in(options, "rounds.csv"), "--run-dir", inputs);
  for (int64_t round = 1; round <= options.rounds; ++round) require_output(picks_of(options, round), "--run-dir", inputs);
  write_output(file_in(options, kRecordName), json_text(record_of(options, experiment), 2) + "\n", "--run-dir");
}

int train_round(const CommandLine& line, const SelfTrainOptions& options, const trainer::Experiment& own, int64_t number) {
  trainer::RunOptions run;
  run.run_dir = folder_of(options, number);
  run.resume = options.resume ? trainer::Resume::automatic : trainer::Resume::never;
  run.command = line.arguments;
  run.command.insert(run.command.begin(), "hpcai-train");
  const int status = trainer::run_experiment(own, distributed::World{}, run);
  if (status == static_cast<int>(ExitCode::stopped)) log::info("go on with the same self-train command and --resume");
  return status;
}

int self_train(const CommandLine& line, const SelfTrainOptions& options) {
  end_on_stop_signals(/*speak=*/true);
  const trainer::Experiment experiment = options.config.read();
  check_experiment(options, experiment);
  check_folder(options, experiment);
  make_folder_of(options, experiment);
  std::vector<Round> rounds;
  for (int64_t number = 0; number <= options.rounds; ++number) {
    end_on_stop_signals(/*speak=*/true);  // a training of the last round has taken them
    Round& round = rounds.emplace_back(Round{number, {}, nullptr});
    if (number > 0) {
      if (!path_exists(picks_of(options, number))) pick(options, experiment, number);
      round.picks = read_picks(picks_of(options, number));
    }
    const trainer::Experiment own = experiment_of(options, experiment, number);
    round.summary = finished(options, own, number);
    if (!round.summary.is_null()) continue;
    if (const int status = train_round(line, options, own, number); status != 0) return status;
    round.summary = finished(options, own, number);
  }
  end_on_stop_signals(/*speak=*/true);
  tell(options, rounds);
  return 0;
}

}  // namespace

void add_self_train(CommandLine& line) {
  auto options = std::make_shared<SelfTrainOptions>();
  CLI::App* app = line.app.add_subcommand(
      "self-train", "Train, take the most certain predictions for unlabelled samples as labels, train again, and so on");
  app->footer(
      "example: hpcai-train self-train --config configs/galaxy/sdss_to_des.yaml --rounds 2 --per-class 500 --run-dir "
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
