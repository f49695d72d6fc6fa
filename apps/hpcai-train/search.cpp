#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>

#include "commands.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/jobs/slurm.h"
#include "hpcai/search/ask_tell.h"
#include "hpcai/search/result.h"
#include "hpcai/search/runner.h"
#include "hpcai/search/sampler.h"
#include "hpcai/search/submit.h"

namespace hpcai::app {
namespace {

constexpr const char* kSearchFooter =
    "example: hpcai-train search --config configs/own/redshifts.yaml --space configs/own/search_redshifts.yaml --trials 32 "
    "--parallel 2\n"
    "Each trial is a normal run, DIR/trials/<number>. The same command goes on with a search that was stopped or killed, and a\n"
    "larger --trials extends it. Writes DIR/trials.csv, result.json, best.yaml and search.svg. See docs/search.md.";

struct SearchOptions {
  ConfigOptions config;
  std::string space, folder;
  int64_t trials = 0;
  int parallel = 1, nproc = 0, worker_of = 0;
  int64_t ask = -1;
  std::string parameters, tell;
  bool collect = false, submit = false, dry_run = false, json = false;
  search::SlurmOptions slurm;
};

search::Search plan(const SearchOptions& options) {
  search::SearchRequest request{options.config.path, options.config.overrides, options.space, options.folder, options.nproc};
  search::Search search = search::plan_search(request);
  if (options.folder.empty()) search.folder = std::filesystem::path("runs") / (search.experiment.name + "-search");
  return search;
}

// The number of trials: that of --trials, or a whole grid and the trials from outside. Throws Error{usage} without either, and
// beyond that number.
int64_t trials_of(const SearchOptions& options, const search::Search& search) {
  auto most = search::most_trials(search.space);
  const int64_t given = most ? search::given_trials(search::SearchFolder(search, {.reads_only = true}).read()) : 0;
  if (most) *most += given;
  if (options.trials == 0 && !most) {
    throw Error(ExitCode::usage, "--trials is required with this sampler", "Give the number of trials, such as --trials 32.");
  }
  const int64_t trials = options.trials > 0 ? options.trials : *most;
  if (most && trials > *most) {
    throw Error(ExitCode::usage,
                fmt::format("--trials {}: the grid has {}{}", trials, plural(*most - given, "trial"),
                            given > 0 ? fmt::format(", and {} came from outside", given) : ""),
                "Give at most that many, more `points` in the space file, or another sampler.");
  }
  constexpr int64_t kMost = 100'000;
  if (trials <= kMost) return trials;
  throw Error(ExitCode::usage, fmt::format("{} trials are more than {}", trials, kMost), "Give --trials.");
}

std::string read_told(const std::string& path) {
  if (path != "-") return read_file(path);
  return {std::istreambuf_iterator<char>(std::cin), {}};
}

// Writes the results of the trials that are there, and prints them.
void report(const search::SearchFolder& folder, int64_t trials, const SearchOptions& options) {
  const search::Search& search = folder.search();
  const search::Result result = search::gather(search, folder.read(), trials);
  search::write_result(search, result);
  print_report(search::to_json(search, result), options.json, [&] { std::cout << search::table_of(search, result); });
  log::info("search     results in {}", search.folder.string());
  if (result.best) log::info("search     train the best again with: --config {}", (search.folder / "best.yaml").string());
}

int train(search::SearchFolder& folder, int64_t trials, const SearchOptions& options) {
  search::Share share{.trials = trials, .parallel = options.parallel};
  const int status = search::Runner(folder, share).run();
  report(folder, trials, options);
  return status;
}

// One element of a Slurm array. The last worker that ends writes the results.
int work(const search::Search& search, int64_t trials, const SearchOptions& options) {
  const int number = search::worker_number(process_environment(), options.worker_of);
  search::SearchFolder folder(search, {.worker = number});
  const int status = search::Runner(folder, {.trials = trials, .worker = number, .workers = options.worker_of}).run();
  const search::Result result = search::gather(search, folder.read(), trials);
  const bool all = std::ranges::all_of(result.entries, [](const search::Entry& entry) { return entry.decision.is_final(); });
  if (all) search::write_result(search, result);
  return status;
}

void refuse_ranks() {
  const auto world = distributed::detect_world(process_environment());
  if (world.size == 1) return;
  throw Error(
      ExitCode::usage,
      fmt::format("search starts its trainings itself, but {} has started this command {} times", world.launcher, world.size),
      "Start it once, without a launcher; on Slurm with --submit.");
}

int run_search(const SearchOptions& options) {
  refuse_ranks();
  if (options.submit && !options.dry_run) jobs::require_slurm();
  const search::Search search = plan(options);
  const bool hands_out = options.ask >= 0 || !options.parameters.empty() || !options.tell.empty();
  const bool no_number = (hands_out || options.collect) && options.trials == 0;
  const int64_t trials = no_number ? 0 : trials_of(options, search);
  search::SlurmOptions slurm = options.slurm;
  slurm.workers = options.parallel;
  if (options.dry_run) {
    std::cout << search::array_script(search, trials, slurm);
    return 0;
  }
  if (options.worker_of > 0) return work(search, trials, options);
  if (options.collect) {
    if (!path_exists(search.folder / "search.json"))
      throw Error(ExitCode::missing_input, fmt::format("{} holds no search", search.folder.string()),
                  "Give its folder with --out.");
    report(search::SearchFolder(search, {.reads_only = true}), trials, options);
    return 0;
  }
  if (options.submit) {  // before the folder is locked, because workers that run hold it
    const search::SearchFolder look(search, {.reads_only = true});
    if (search::is_submitted(search)) return 0;
  }
  const std::string told = options.tell.empty() ? "" : read_told(options.tell);
  search::SearchFolder folder(search, {});
  if (!options.tell.empty()) {
    const int64_t count = search::tell(folder, told, options.tell == "-" ? "the standard input" : printable(options.tell));
    log::info("search     {} recorded", plural(count, "new result"));
  } else if (hands_out) {
    const auto handed =
        options.parameters.empty() ? search::ask(folder, options.ask) : search::ask_given(folder, options.parameters);
    std::cout << json_text(handed, 2) << '\n';
  } else if (options.submit) {
    search::submit(search, trials, slurm);
  } else {
    return train(folder, trials, options);
  }
  return 0;
}

void add_slurm(CLI::App& app, SearchOptions& options) {
  CLI::Option* submit = app.add_flag("--submit", options.submit, "Submit the search as a Slurm array of --parallel workers");
  app.add_flag("--dry-run", options.dry_run, "With --submit: print the batch script, and submit nothing")->needs(submit);
  app.add_option("--cpus-per-rank", options.slurm.cpus_per_rank, "With --submit: cores for each rank; default 1")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  app.add_option("--sbatch", options.slurm.directives, "With --submit: an option of sbatch, such as --sbatch=--partition=gpu")
      ->type_name("OPTION")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--worker-of", options.worker_of)->group("")->check(CLI::Range(1, 100000));  // in the batch script
}

void add_ask_and_tell(CLI::App& app, SearchOptions& options) {
  CLI::Option* ask = app.add_option("--ask", options.ask, "Train nothing: hand out N new trials of the sampler, as JSON");
  ask->type_name("N")->check(CLI::Range(0, 100000));
  CLI::Option* given = app.add_option("--parameters", options.parameters,
                                      "Train nothing: hand out trials with these parameters, a JSON object or a list of them");
  given->type_name("JSON")->excludes(ask);
  CLI::Option* tell =
      app.add_option("--tell", options.tell, "Train nothing: record the values in a JSON file; - is the standard input");
  tell->type_name("FILE|-")->excludes(ask)->excludes(given);
  CLI::Option* collect = app.add_flag("--collect", options.collect, "Train nothing: report the trials that exist");
  collect->excludes(ask)->excludes(given)->excludes(tell);
}

}  // namespace

void add_search(CommandLine& line) {
  auto options = std::make_shared<SearchOptions>();
  CLI::App* app = line.app.add_subcommand("search", "Search for the settings that give the best result");
  app->footer(kSearchFooter);
  options->config.add_to(*app);
  app->add_option("--space", options->space, "YAML file that says which settings vary, and how")->required()->type_name("FILE");
  app->add_option("--trials", options->trials, "Trials in all; a grid has a number of its own")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, int64_t{100000}));
  app->add_option("--parallel", options->parallel, "Trainings at the same time; default 1")
      ->type_name("K")
      ->check(CLI::Range(1, 4096));
  app->add_option("--nproc", options->nproc, "Ranks of each training; default one process")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  app->add_option("--out", options->folder, "Folder of the search; default runs/<name>-search")->type_name("DIR");
  add_ask_and_tell(*app, *options);
  add_slurm(*app, *options);
  app->add_flag("--json", options->json, "Print the results as JSON");
  app->callback([&line, options] { line.run = [options] { return run_search(*options); }; });
}

}  // namespace hpcai::app
