#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

#include "commands.h"
#include "full_check.h"
#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/data/verify.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/optim/base_rate.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/initial_weights.h"
#include "hpcai/trainer/judgements.h"
#include "work_progress.h"

namespace hpcai::app {
namespace {

struct CheckOptions {
  ConfigOptions config;
  int nproc = 1;
  bool json = false;
  bool quick = false;
  bool full = false;
};

std::vector<NamedSplit> splits_of(const trainer::Training& training) {
  const data::Splits& data = training.data;
  std::vector<NamedSplit> splits;
  for (const NamedSplit& split : {NamedSplit{"training", data.train.get()}, NamedSplit{"validation", data.validation.get()},
                                  NamedSplit{"test", data.test.get()}}) {
    if (split.data != nullptr) splits.push_back(split);
  }
  if (training.unlabelled()) splits.push_back({kUnlabelledSplit, training.unlabelled()});
  return splits;
}

// `full` may be null.
Reading read_all(const std::vector<NamedSplit>& splits, FullCheck* full) {
  Reading reading;
  WorkProgress progress("check", 0);
  int64_t samples = 0;
  for (const NamedSplit& split : splits) samples += split.data->size();
  for (size_t i = 0; i < splits.size(); ++i) {
    const NamedSplit& split = splits[i];
    const auto told = progress.of_part(fmt::format("reading {} samples", split.name), samples);
    const auto found = data::verify(*split.data, 0, told, full != nullptr ? full->see(i) : data::SeeSample{});
    const auto of_split = [&](const data::Findings& findings) {
      return fmt::format("{} of {} {} samples", findings.count, split.data->size(), split.name);
    };
    if (found.unusable.count > 0) {
      reading.problems.push_back(paragraph(of_split(found.unusable) + " cannot be used:", found.unusable));
      reading.has_unusable = true;
      reading.all_missing = reading.all_missing && found.all_missing;
    }
    if (found.constant.count > 0) {
      reading.warnings.push_back(paragraph(of_split(found.constant) + " have the same value everywhere:", found.constant));
    }
    if (found.incomplete.count > 0) {
      reading.warnings.push_back(
          paragraph(of_split(found.incomplete) + " have pixels without a value, which count as background:", found.incomplete));
    }
    if (full == nullptr) continue;
    reading.details["unusable_images"][split.name] = found.unusable.count;
    reading.details["constant_images"][split.name] = found.constant.count;
    reading.details["incomplete_images"][split.name] = found.incomplete.count;
  }
  return reading;
}

Reading read_as_asked(const CheckOptions& options, const data::DataConfig& config, const std::vector<NamedSplit>& splits) {
  if (!options.full || !data::is_image(splits[0].data->spec())) return read_all(splits, nullptr);
  FullCheck full(splits);
  Reading reading = read_all(splits, &full);
  full.finish(config, reading);
  return reading;
}

std::string remedy_of(const Reading& reading) {
  std::string remedy;
  if (reading.has_unusable) remedy = "Replace these samples, or remove them with their labels.";
  if (reading.has_leaks) {
    remedy += remedy.empty() ? "" : " ";
    remedy += "Keep each picture and each object in one split only; otherwise a test measures what was learnt by heart.";
  }
  return remedy;
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

void tell(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) log::warning("{}", warning);
}

int check(const CheckOptions& options) {
  const auto experiment = options.config.read();
  trainer::refuse_problems(trainer::judge(experiment, options.nproc));
  const auto group = distributed::make_single_group();
  auto alone = experiment;  // one rank, with its share of the batch
  alone.training.global_batch /= options.nproc;
  data::disable_cache(alone.data);
  for (trainer::SourceConfig& source : alone.sources) data::disable_cache(source.data);
  const auto training = trainer::build(alone, *group, trainer::Use::check);
  const auto weights = trainer::load_initial_weights(experiment.model, *training.model);
  const auto size = models::size_of(*training.model);
  const trainer::DataFacts facts = trainer::facts_of(training.data, training.unlabelled());
  const auto judgements = trainer::judge(experiment, options.nproc, facts);
  trainer::refuse_problems(judgements);
  auto warnings = trainer::warnings_of(judgements);
  const int64_t steps = facts.training_samples / experiment.training.global_batch;
  const auto splits = splits_of(training);
  const bool is_full = options.full && data::is_image(splits[0].data->spec());
  const bool reads_all = is_full || (!options.quick && is_stored(experiment));
  const Reading reading = reads_all ? read_as_asked(options, alone.data, splits) : Reading{};
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
                           {"full", is_full},
                           {"problems", reading.problems},
                           {"warnings", warnings}};
  if (!weights.record.is_null()) report["weights"] = weights.record;
  report.update(reading.details);
  if (options.json) std::cout << json_text(report, 2) << '\n';
  if (!reading.problems.empty()) {
    if (is_full && !options.json) tell(warnings);
    throw Error(reading.all_missing && !reading.has_leaks ? ExitCode::missing_input : ExitCode::bad_data,
                fmt::format("{}", fmt::join(reading.problems, "\n")), remedy_of(reading));
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
  if (options.full && !is_full) std::cout << "  --full is about images; these data were checked as without it\n";
  tell(warnings);
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
  CLI::Option* quick = app->add_flag("--quick", options->quick, "Read headers, catalogues and labels only, not every sample");
  app->add_flag("--full", options->full,
                "Look in images also for copies, objects of several splits, uneven classes and images that are too small")
      ->excludes(quick);
  app->add_flag("--json", options->json, "Print the result as JSON");
  app->callback([&line, options] { line.run = [options] { return check(*options); }; });
}

}  // namespace hpcai::app
