#include "runs.h"

#include <algorithm>
#include <map>

#include "hpcai/config/config.h"
#include "hpcai/config/key_path.h"
#include "hpcai/runs/facts.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::app {
namespace {

// Every setting and whether it is local.
const std::map<std::string, bool>& settings() {
  static const auto all = [] {
    std::map<std::string, bool> keys;
    const config::Section description = config::description<trainer::Experiment>();
    for (const config::Row& row : config::rows(description)) keys.emplace(row.path, row.local);
    return keys;
  }();
  return all;
}

}  // namespace

std::vector<std::string> keys_of_settings() {
  std::vector<std::string> keys;
  for (const auto& [key, local] : settings()) keys.push_back(key);
  return keys;
}

bool is_local_setting(const std::string& key) {
  const auto found = settings().find(config::without_positions(key));
  return found != settings().end() && found->second;
}

nlohmann::json describe_run(const runs::Run& run) {
  nlohmann::json json = {{"run", run.path.string()},
                         {"status", run.state.name},
                         {"started", runs::fact_of(run, "started")},
                         {"steps", runs::fact_of(run, "steps")},
                         {"validation", runs::validation_of(run)},
                         {"summary", run.summary},
                         {"progress", run.status},
                         {"faults", run.faults}};
  for (const auto& [key, text] : run.settings.entries()) json["settings"][key] = runs::value_of(text);
  return json;
}

void add_runs(CommandLine& line) {
  CLI::App* app = line.app.add_subcommand("runs", "List, filter, compare, repeat and verify runs, from their folders alone");
  app->footer(
      "examples: hpcai-train runs list --where 'validation.loss<0.3' --sort validation.loss\n"
      "          hpcai-train runs diff runs/galaxy-quickstart runs/galaxy-quickstart-2");
  app->require_subcommand(1);
  add_runs_list(line, *app);
  add_runs_show(line, *app);
  add_runs_diff(line, *app);
  add_runs_compare(line, *app);
  add_runs_rerun(line, *app);
  add_runs_verify(line, *app);
}

}  // namespace hpcai::app
