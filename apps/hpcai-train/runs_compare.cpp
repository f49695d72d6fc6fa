#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/runs/compare_runs.h"
#include "hpcai/runs/condition.h"
#include "hpcai/runs/facts.h"
#include "hpcai/runs/progress.h"
#include "hpcai/runs/text_table.h"
#include "known_settings.h"
#include "runs.h"

namespace hpcai::app {
namespace {

constexpr size_t kDigits = 12;  // of a hash on a terminal

struct ShowOptions {
  std::string run;
  bool json = false;
};

struct DiffOptions {
  std::string a, b;
  bool json = false;
};

struct CompareOptions {
  std::vector<std::string> runs;
  std::string metric;
  bool json = false;
};

// A hash by its first digits.
std::string short_value(const nlohmann::json& value) {
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  std::string text = runs::shown_value(value);
  const bool is_hash = text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_hash ? text.substr(0, kDigits) : text;
}

void tell_faults(const runs::Run& run) {
  for (const std::string& fault : run.faults) log::warning("{}: {}", printable(run.path), printable(std::string_view(fault)));
}

std::string as_sentence(const runs::RunState& state) {
  return state.reason.empty() ? state.name : fmt::format("{}: {}", state.name, state.reason);
}

void print_numbers(const char* title, const nlohmann::json& evaluation) {
  if (!evaluation.is_object()) return;
  std::cout << title << '\n';
  runs::TextTable table({"", ""});
  for (const auto& [name, value] : evaluation.items()) {
    if (value.is_number()) table.add({name, short_value(value)});
  }
  std::cout << table.text(2);
}

// A manifest tells that its checkpoint was the best when it was saved, so the newest of these is the best of the run.
void print_checkpoints(const std::vector<runs::SavedStep>& all) {
  const auto best = std::find_if(all.rbegin(), all.rend(),
                                 [](const runs::SavedStep& saved) { return runs::at_path(saved.manifest, "best") == true; });
  for (const runs::SavedStep& saved : all) {
    const bool is_best = best != all.rend() && best->step == saved.step;
    std::cout << fmt::format("  {}{}\n", saved.path.filename().string(), is_best ? "  best" : "");
  }
}

void print_run(const runs::Run& run) {
  runs::TextTable head({"", ""});
  head.add({"run", printable(run.path)});
  head.add({"status", as_sentence(run.state)});
  for (const auto& [label, key] : {std::pair{"started", "started"},
                                   {"steps", "steps"},
                                   {"commit", "environment.commit"},
                                   {"version", "environment.program_version"},
                                   {"host", "host"},
                                   {"processor", "environment.cpu"},
                                   {"ranks", "environment.ranks"},
                                   {"device", "device"},
                                   {"weights", "weights_sha256"}}) {
    if (const auto value = runs::fact_of(run, key); !value.is_null()) head.add({label, short_value(value)});
  }
  if (const auto time = runs::at_path(run.summary, "time_s"); time.is_number())
    head.add({"time", runs::format_duration(time.get<double>())});
  if (const auto error = runs::at_path(run.summary, "error"); error.is_string()) head.add({"error", runs::shown_value(error)});
  std::cout << head.text();
  print_numbers("validation", runs::validation_of(run));
  print_numbers("test", runs::at_path(run.summary, "test"));
  std::cout << "data\n";
  runs::TextTable data({"", "", ""});
  const nlohmann::json splits = runs::data_of(run);
  for (const auto& [split, print] : splits.items()) {
    data.add({split, short_value(runs::at_path(print, "samples")), "content " + short_value(runs::at_path(print, "content"))});
  }
  std::cout << data.text(2) << "checkpoints\n";
  print_checkpoints(runs::saved_steps(run.path));
  std::cout << "settings\n";
  runs::TextTable settings({"", ""});
  for (const auto& [key, text] : run.settings.entries()) settings.add({key, printable(text)});
  std::cout << settings.text(2);
}

int show(const ShowOptions& options) {
  const runs::Run run = runs::read_run(options.run);
  nlohmann::json report = describe_run(run);
  report["environment"] = run.environment;
  report["data"] = runs::data_of(run);
  tell_faults(run);
  print_report(report, options.json, [&] { print_run(run); });
  return 0;
}

std::string verdict(const runs::PartDifference& part) {
  if (part.differences.empty()) return part.equal == 0 ? "unknown" : fmt::format("all {} equal", part.equal);
  return fmt::format("{} differ{}, {} equal", part.differences.size(), part.differences.size() == 1 ? "s" : "", part.equal);
}

void print_part(const runs::PartDifference& part, const KnownSettings& known) {
  std::cout << fmt::format("{:<9} {}\n", part.part, verdict(part));
  runs::TextTable table({"", "", "", ""});
  for (const auto& row : part.differences) {
    const bool is_local = part.part == "settings" && known.is_local(row.key);
    table.add({row.key, short_value(row.before), short_value(row.after),
               is_local ? "changes no result" : runs::relative_change(row.before, row.after)});
  }
  std::cout << table.text(2);
}

nlohmann::json describe_part(const runs::PartDifference& part) {
  nlohmann::json differences = nlohmann::json::array();
  for (const auto& row : part.differences) differences.push_back({{"key", row.key}, {"a", row.before}, {"b", row.after}});
  return {{"part", part.part}, {"equal", part.equal}, {"differences", differences}};
}

int diff(const CommandLine& line, const DiffOptions& options) {
  const runs::Run a = runs::read_run(options.a), b = runs::read_run(options.b);
  const auto parts = runs::compare_runs(a, b);
  nlohmann::json report = nlohmann::json::array();
  for (const auto& part : parts) report.push_back(describe_part(part));
  tell_faults(a);
  tell_faults(b);
  print_report(report, options.json, [&] {
    std::cout << fmt::format("A: {}\nB: {}\n", printable(a.path), printable(b.path));
    const KnownSettings known(line);
    for (const auto& part : parts) print_part(part, known);
  });
  return 0;
}

// The columns of a comparison: settings, then results.
std::vector<std::string> columns_for(const std::vector<runs::Run>& all, const std::string& metric, const KnownSettings& known) {
  std::vector<std::string> columns = runs::differing_settings(all, [&](const std::string& key) { return known.is_local(key); });
  if (!metric.empty()) columns.push_back(metric);
  const std::vector<std::string> usual = {"validation.loss", "test." + metric.substr(metric.find('.') + 1), "test.loss", "steps",
                                          "time_s"};
  for (const std::string& key : usual) {
    const bool has_value = std::ranges::any_of(all, [&](const runs::Run& run) { return !runs::fact_of(run, key).is_null(); });
    if (has_value && std::ranges::count(columns, key) == 0) columns.push_back(key);
  }
  return columns;
}

// One column for each run, because there are often more keys than runs.
void print_comparison(const std::vector<runs::Run>& all, const std::vector<std::string>& columns, const std::string& metric,
                      int64_t best) {
  std::vector<std::string> head{""};
  for (const runs::Run& run : all) head.push_back(printable(run.path));
  runs::TextTable table(head);
  for (const std::string& key : columns) {
    std::vector<std::string> row{key};
    for (size_t i = 0; i < all.size(); ++i) {
      const bool is_best = key == metric && static_cast<int64_t>(i) == best;
      row.push_back(short_value(runs::fact_of(all[i], key)) + (is_best ? " *" : ""));
    }
    table.add(std::move(row));
  }
  std::cout << table.text();
  if (best >= 0) std::cout << fmt::format("* best by {}: {}\n", metric, printable(all[static_cast<size_t>(best)].path));
}

int compare(const CommandLine& line, const CompareOptions& options) {
  if (options.runs.size() < 2)
    throw Error(ExitCode::usage, "runs compare: one run is nothing to compare", "Give two runs or more.");
  std::vector<runs::Run> all;
  for (const std::string& folder : options.runs) all.push_back(runs::read_run(folder));
  const KnownSettings settings(line);
  if (!options.metric.empty()) runs::require_known_key(options.metric, settings.keys(), all, "--metric");
  const std::string metric = options.metric.empty() ? runs::usual_metric(all) : options.metric;
  const auto columns = columns_for(all, metric, settings);
  const int64_t best = runs::best_run(all, metric);
  nlohmann::json report = {{"metric", metric},
                           {"best", best < 0 ? nlohmann::json() : nlohmann::json(options.runs[static_cast<size_t>(best)])}};
  for (const runs::Run& run : all) {
    tell_faults(run);
    nlohmann::json row = {{"run", run.path.string()}};
    for (const std::string& key : columns) row["values"][key] = runs::fact_of(run, key);
    report["runs"].push_back(std::move(row));
  }
  print_report(report, options.json, [&] { print_comparison(all, columns, metric, best); });
  return 0;
}

}  // namespace

void add_runs_show(CommandLine& line, CLI::App& runs) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* app = runs.add_subcommand("show", "Show what is known about a run: state, results, data, checkpoints, settings");
  app->footer("example: hpcai-train runs show runs/galaxy-quickstart");
  app->add_option("run", options->run, "Folder of the run")->type_name("RUN")->required();
  app->add_flag("--json", options->json, "Print as JSON");
  app->callback([&line, options] { line.run = [options] { return show(*options); }; });
}

void add_runs_diff(CommandLine& line, CLI::App& runs) {
  auto options = std::make_shared<DiffOptions>();
  CLI::App* app = runs.add_subcommand("diff", "Show what differs between two runs: settings, data, code, machines, then results");
  app->footer("example: hpcai-train runs diff runs/galaxy-quickstart runs/galaxy-quickstart-2");
  app->add_option("a", options->a, "Folder of the first run")->type_name("RUN")->required();
  app->add_option("b", options->b, "Folder of the second run")->type_name("RUN")->required();
  app->add_flag("--json", options->json, "Print as JSON");
  app->callback([&line, options] { line.run = [&line, options] { return diff(line, *options); }; });
}

void add_runs_compare(CommandLine& line, CLI::App& runs) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* app = runs.add_subcommand("compare", "Show the settings in which several runs differ beside their results");
  app->footer("example: hpcai-train runs compare runs/lr-* --metric test.accuracy");
  app->add_option("runs", options->runs, "Folders of the runs")->type_name("RUN")->required();
  app->add_option("--metric", options->metric,
                  "Result that decides which run is best; default: the main metric of the validation split")
      ->type_name("KEY");
  app->add_flag("--json", options->json, "Print as JSON");
  app->callback([&line, options] { line.run = [&line, options] { return compare(line, *options); }; });
}

}  // namespace hpcai::app
