#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/runs/condition.h"
#include "hpcai/runs/facts.h"
#include "hpcai/runs/find_runs.h"
#include "hpcai/runs/known_metrics.h"
#include "hpcai/runs/progress.h"
#include "hpcai/runs/text_table.h"
#include "known_settings.h"
#include "runs.h"

namespace hpcai::app {
namespace {

struct ListOptions {
  std::vector<std::string> folders{"runs"};
  std::vector<std::string> conditions;
  std::string sort, columns;
  bool json = false;
};

std::vector<std::string> columns_of(const ListOptions& options) {
  std::vector<std::string> columns;
  for (const std::string_view name : split(options.columns, ',')) {
    if (const std::string_view key = trim(name); !key.empty()) columns.emplace_back(key);
  }
  return columns;
}

// "2026-01-31 23:59"
std::string shown_time(const nlohmann::json& time) {
  std::string text = runs::shown_value(time).substr(0, 16);
  if (text.size() == 16) text[10] = ' ';
  return text;
}

std::string shown_duration(const nlohmann::json& seconds) {
  return seconds.is_number() ? runs::format_duration(seconds.get<double>()) : "-";
}

// "accuracy 0.953", the number by which people judge such a run.
std::string shown_result(const runs::Run& run) {
  const nlohmann::json evaluation = runs::validation_of(run);
  const std::string metric = runs::main_metric(evaluation);
  if (!metric.empty()) return fmt::format("{} {}", metric, runs::shown_value(evaluation.at(metric)));
  const nlohmann::json loss = runs::at_path(run.status, "loss");
  return loss.is_number() ? fmt::format("training loss {}", runs::shown_value(loss)) : "-";
}

void print_usual(const std::vector<runs::Run>& all) {
  runs::TextTable table({"RUN", "STATUS", "STARTED", "STEPS", "RESULT", "TIME"});
  for (const runs::Run& run : all) {
    table.add({printable(run.path), run.state.name, shown_time(runs::fact_of(run, "started")),
               runs::shown_value(runs::fact_of(run, "steps")), shown_result(run),
               shown_duration(runs::at_path(run.summary, "time_s"))});
  }
  std::cout << table.text();
}

void print_columns(const std::vector<runs::Run>& all, const std::vector<std::string>& columns) {
  std::vector<std::string> head{"run"};
  head.insert(head.end(), columns.begin(), columns.end());
  runs::TextTable table(head);
  for (const runs::Run& run : all) {
    std::vector<std::string> row{printable(run.path)};
    for (const std::string& key : columns) {
      std::string cell;
      for (const auto& value : runs::facts_of(run, key)) cell += (cell.empty() ? "" : ", ") + runs::shown_value(value);
      row.push_back(cell.empty() ? "-" : cell);
    }
    table.add(std::move(row));
  }
  std::cout << table.text();
}

// Runs without the value come last in both directions.
void sort(std::vector<runs::Run>& all, const std::string& key, bool falling) {
  std::vector<std::pair<nlohmann::json, size_t>> order;
  for (size_t i = 0; i < all.size(); ++i) order.emplace_back(runs::fact_of(all[i], key), i);
  std::ranges::stable_sort(order, [&](const auto& a, const auto& b) {
    if (a.first.is_null() || b.first.is_null()) return !a.first.is_null() && b.first.is_null();
    return falling ? b.first < a.first : a.first < b.first;
  });
  std::vector<runs::Run> sorted;
  for (const auto& [value, i] : order) sorted.push_back(std::move(all[i]));
  all = std::move(sorted);
}

void warn_of_faults(const std::vector<runs::Run>& all) {
  for (const runs::Run& run : all) {
    for (const std::string& fault : run.faults) log::warning("{}: {}", printable(run.path), printable(std::string_view(fault)));
  }
}

int list(const CommandLine& line, const ListOptions& options) {
  std::vector<runs::Condition> conditions;
  for (const std::string& text : options.conditions) conditions.push_back(runs::parse_condition(text));
  const std::vector<std::string> columns = columns_of(options);
  const bool falling = options.sort.starts_with('-');
  const std::string sort_key = falling ? options.sort.substr(1) : options.sort;

  const std::vector<std::filesystem::path> folders(options.folders.begin(), options.folders.end());
  // The config is read only if a key or --json needs it.
  const bool needs_settings = options.json || !conditions.empty() || !columns.empty() || !sort_key.empty();
  auto all =
      runs::read_runs(runs::find_runs(folders), {.settings = needs_settings, .environment = true, .last_evaluation = true});
  if (needs_settings) {
    const std::vector<std::string> keys = KnownSettings(line).keys();
    for (const runs::Condition& condition : conditions) runs::require_known_key(condition.key, keys, all, "--where");
    for (const std::string& key : columns) runs::require_known_key(key, keys, all, "--columns");
    if (!sort_key.empty()) runs::require_known_key(sort_key, keys, all, "--sort");
  }
  std::erase_if(all, [&](const runs::Run& run) {
    return !std::ranges::all_of(conditions, [&](const runs::Condition& condition) { return condition.holds(run); });
  });
  if (!sort_key.empty()) sort(all, sort_key, falling);
  if (options.json) {
    nlohmann::json report = nlohmann::json::array();
    for (const runs::Run& run : all) report.push_back(describe_run(run));
    std::cout << json_text(report, 2) << '\n';
    return 0;
  }
  warn_of_faults(all);
  columns.empty() ? print_usual(all) : print_columns(all, columns);
  log::info("{}", plural(std::ssize(all), "run"));
  return 0;
}

}  // namespace

void add_runs_list(CommandLine& line, CLI::App& runs) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* app = runs.add_subcommand("list", "List the runs in folders and below them");
  app->footer(
      "examples: hpcai-train runs list --where 'optimizer.lr<0.1' --where 'status=finished' --sort -validation.accuracy\n"
      "          hpcai-train runs list runs /scratch/me --columns optimizer.type,optimizer.lr,test.loss\n"
      "A key is a setting, a result (validation.loss, test.accuracy, time_s), environment.KEY, or run, status, started, host, "
      "steps.");
  app->add_option("folders", options->folders, "Folders to search; default runs")->type_name("FOLDER");
  app->add_option("--where", options->conditions, "Only runs for which this holds: < <= > >= = != ~ (contains); may be repeated")
      ->type_name("CONDITION")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app->add_option("--sort", options->sort, "Order by this key; -KEY for the highest first")->type_name("KEY");
  app->add_option("--columns", options->columns, "Keys to show instead of the usual columns, separated by commas")
      ->type_name("KEY");
  app->add_flag("--json", options->json, "Print everything that is known about the runs as JSON");
  app->callback([&line, options] { line.run = [&line, options] { return list(line, *options); }; });
}

}  // namespace hpcai::app
