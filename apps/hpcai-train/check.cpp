#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

#include "commands.h"
#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/data/verify.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/optim/base_rate.h"
#include "hpcai/runs/progress.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/initial_weights.h"
#include "hpcai/trainer/judgements.h"

namespace hpcai::app {
namespace {

struct CheckOptions {
  ConfigOptions config;
  int nproc = 1;
  bool json = false;
  bool quick = false;
};

struct NamedSplit {
  std::string name;
  const data::Dataset* data;
};

std::vector<NamedSplit> splits_of(const trainer::Training& training) {
  const data::Splits& data = training.data;
  std::vector<NamedSplit> splits;
  for (const NamedSplit& split : {NamedSplit{"training", data.train.get()}, NamedSplit{"validation", data.validation.get()},
                                  NamedSplit{"test", data.test.get()}}) {
    if (split.data != nullptr) splits.push_back(split);
  }
  if (training.unlabelled()) splits.push_back({"unlabelled", training.unlabelled()});
  return splits;
}

// The faults that reading all samples has found, as text.
struct Reading {
  std::vector<std::string> problems;  // a paragraph for each split that has unusable samples
  std::vector<std::string> warnings;
  bool all_missing = true;
};

std::string paragraph(const std::string& head, const data::Findings& findings) {
  std::string text = head;
  for (const std::string& line : findings.first) text += "\n  " + line;
  const auto left = findings.count - static_cast<int64_t>(findings.first.size());
  return left > 0 ? text + fmt::format("\n  and {} more", left) : text;
}

// The progress over all splits: a bar on a terminal, otherwise a line every few seconds.
class CheckProgress {
 public:
  explicit CheckProgress(const std::vector<NamedSplit>& splits) {
    state_.task = "check";
    for (const NamedSplit& split : splits) state_.total_steps += split.data->size();
    if (isatty(STDERR_FILENO) != 0) bar_.emplace(0);
  }
  data::Progress of(const NamedSplit& split) {
    if (!bar_) return data::log_progress(fmt::format("reading {} samples", split.name));
    return [this, before = state_.step](int64_t done, int64_t) {
      state_.step = before + done;
      bar_->update(state_);
    };
  }

 private:
  runs::ProgressState state_;
  std::optional<runs::Progress> bar_;
};

Reading read_all(const std::vector<NamedSplit>& splits) {
  Reading reading;
  CheckProgress progress(splits);
  for (const NamedSplit& split : splits) {
    const auto found = data::verify(*split.data, 0, progress.of(split));
    const auto of_split = [&](const data::Findings& findings) {
      return fmt::format("{} of {} {} samples", findings.count, split.data->size(), split.name);
    };
    if (found.unusable.count > 0) {
      reading.problems.push_back(paragraph(of_split(found.unusable) + " cannot be used:", found.unusable));
      reading.all_missing = reading.all_missing && found.all_missing;
    }
    if (found.constant.count > 0) {
      reading.warnings.push_back(paragraph(of_split(found.constant) + " have the same value everywhere:", found.constant));
    }
    if (found.incomplete.count > 0) {
      reading.warnings.push_back(
          paragraph(of_split(found.incomplete) + " have pixels without a value, which count as background:", found.incomplete));
    }
  }
  return reading;
}

// "validation: elliptical 12, spiral 8"
std::string class_line(const NamedSplit& split) {
  constexpr size_t kMostShown = 20;
  const auto counts = data::class_counts(*split.data);
  std::string text = split.name + ":";
  for (size_t i = 0; i < std::min(counts.size(), kMostShown); ++i) {
    text += fmt::format("{} {} {}", i == 0 ? "" : ",", counts[i].first, counts[i].second);
  }
  return counts.size() > kMostShown ? text + fmt::format(" and {} more classes", counts.size() - kMostShown) : text;
}

bool is_stored(const trainer::Experiment& experiment) {
  return data::is_stored(experiment.data) ||
         std::ranges::any_of(experiment.sources, [](const auto& source) { return data::is_stored(source.data); });
}

nlohmann::json class_report(const std::vector<NamedSplit>& splits) {
  auto report = nlohmann::json::object();
  for (const NamedSplit& split : splits) {
    for (const auto& [name, count] : data::class_counts(*split.data)) report[split.name][name] = count;
  }
  return report;
}

int check(const CheckOptions& options) {
  const auto experiment = options.config.read();
  trainer::refuse_problems(trainer::judge(experiment, options.nproc));
  const auto group = distributed::make_single_group();
  auto alone = experiment;  // one rank, with its share of the batch
  alone.training.global_batch /= options.nproc;
  data::disable_cache(alone.data);
  for (trainer::SourceConfig& source : alone.sources) data::disable_cache(source.data);
  const auto training = trainer::build(alone, *group);
  const auto weights = trainer::load_initial_weights(experiment.model, *training.model);
  const auto size = models::size_of(*training.model);
  const trainer::DataFacts facts = trainer::facts_of(training.data);
  const auto judgements = trainer::judge(experiment, options.nproc, facts);
  trainer::refuse_problems(judgements);
  auto warnings = trainer::warnings_of(judgements);
  const int64_t steps = facts.training_samples / experiment.training.global_batch;
  const auto splits = splits_of(training);
  const bool reads_all = !options.quick && is_stored(experiment);
  const Reading reading = reads_all ? read_all(splits) : Reading{};
  warnings.insert(warnings.end(), reading.warnings.begin(), reading.warnings.end());
  nlohmann::json report = {{"config", options.config.path},
                           {"training_samples", data::size_of(training.data.train)},
                           {"validation_samples", data::size_of(training.data.validation)},
                           {"test_samples", data::size_of(training.data.test)},
                           {"parameters", size.values},
                           {"trainable_parameters", size.trainable},
                           {"steps_per_epoch", steps},
                           {"learning_rate", optim::base_rate(experiment.optimizer, experiment.training.global_batch).value},
                           {"batch_per_rank", alone.training.global_batch},
                           {"classes", class_report(splits)},
                           {"all_samples_read", reads_all},
                           {"problems", reading.problems},
                           {"warnings", warnings}};
  if (!weights.record.is_null()) report["weights"] = weights.record;
  if (options.json) std::cout << json_text(report, 2) << '\n';
  if (!reading.problems.empty()) {
    throw Error(reading.all_missing ? ExitCode::missing_input : ExitCode::bad_data,
                fmt::format("{}", fmt::join(reading.problems, "\n")), "Replace these samples, or remove them with their labels.");
  }
  if (options.json) return 0;
  std::cout << fmt::format("{} is good: {} training, {} validation, {} test samples; {} trained values; {} steps an epoch; {}\n",
                           options.config.path, data::size_of(training.data.train), data::size_of(training.data.validation),
                           data::size_of(training.data.test), size.trainable, steps,
                           optim::describe_rate(experiment.optimizer, experiment.training.global_batch));
  if (!weights.text.empty()) std::cout << "  weights: " << weights.text << '\n';
  for (const NamedSplit& split : splits) {
    if (!split.data->spec().class_names.empty() && split.data != training.unlabelled())
      std::cout << "  " << class_line(split) << '\n';
  }
  if (options.quick && is_stored(experiment)) std::cout << "  only headers were read; check without --quick reads all samples\n";
  for (const std::string& warning : warnings) log::warning("{}", warning);
  return 0;
}

}  // namespace

void add_check(CommandLine& line) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* app = line.app.add_subcommand("check", "Check a config and all its data without training or writing anything");
  app->footer("example: hpcai-train check --config configs/galaxy/quickstart.yaml --nproc 4");
  options->config.add_to(*app);
  app->add_option("--nproc", options->nproc, "Check for a world of this many ranks")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 20));
  app->add_flag("--quick", options->quick, "Read headers, catalogues and labels only, not every sample");
  app->add_flag("--json", options->json, "Print the result as JSON");
  app->callback([&line, options] { line.run = [options] { return check(*options); }; });
}

}  // namespace hpcai::app
