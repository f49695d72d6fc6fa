#include "hpcai/runs/facts.h"
#include "runs.h"

namespace hpcai::app {

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

CLI::App& add_runs_readers(CommandLine& line) {
  CLI::App* app = line.app.add_subcommand("runs", "List, filter, compare, repeat and verify runs, from their folders alone");
  app->footer(
      "examples: hpcai-train runs list --where 'validation.loss<0.3' --sort validation.loss\n"
      "          hpcai-train runs diff runs/galaxy-quickstart runs/galaxy-quickstart-2");
  app->require_subcommand(1);
  add_runs_list(line, *app);
  add_runs_show(line, *app);
  add_runs_diff(line, *app);
  add_runs_compare(line, *app);
  return *app;
}

}  // namespace hpcai::app
