#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <iostream>
#include <memory>
#include <thread>

#include "commands.h"
#include "hpcai/core/json.h"
#include "hpcai/core/text.h"
#include "hpcai/core/utc_time.h"
#include "hpcai/runs/facts.h"
#include "hpcai/runs/progress.h"
#include "hpcai/runs/read_run.h"
#include "hpcai/runs/text_table.h"

namespace hpcai::app {
namespace {

constexpr std::chrono::seconds kFollowInterval{1};
constexpr runs::RunParts kNoOtherFiles = {.settings = false, .environment = false, .last_evaluation = false};

struct StatusOptions {
  std::string run;
  bool follow = false, json = false;
};

// Seconds since status.json was written.
nlohmann::json age_of(const runs::Run& run) {
  const auto time = runs::at_path(run.status, "time");
  const auto written = time.is_string() ? parse_utc(time.get<std::string>()) : std::nullopt;
  return written ? nlohmann::json(std::time(nullptr) - *written) : nlohmann::json();
}

std::string of_total(const nlohmann::json& value, const nlohmann::json& total) {
  return total.is_null() ? runs::shown_value(value) : fmt::format("{} of {}", runs::shown_value(value), runs::shown_value(total));
}

void print_status(const runs::Run& run) {
  const auto at = [&](const char* key) { return runs::at_path(run.status, key); };
  runs::TextTable table({"", ""});
  const auto add = [&](const char* label, const nlohmann::json& known, const std::string& text) {
    if (!known.is_null()) table.add({label, text});
  };
  const nlohmann::json left = at("left_s"), speed = at("samples_per_second"), age = age_of(run);
  table.add({"status", run.state.reason.empty() ? run.state.name : fmt::format("{}: {}", run.state.name, run.state.reason)});
  add("step", at("step"), of_total(at("step"), at("total_steps")));
  if (const auto epoch = at("epoch"); epoch.is_number_integer())
    add("epoch", epoch, fmt::format("{}", epoch.get<int64_t>() + 1));  // as the log counts, from 1
  add("loss", at("loss"), runs::shown_value(at("loss")));
  if (speed.is_number()) add("rate", speed, runs::format_rate(speed.get<double>()) + " samples/s");
  if (left.is_number() && run.state.lives()) add("time left", left, runs::format_duration(left.get<double>()));
  add("last checkpoint", at("last_checkpoint"), fmt::format("step {}", runs::shown_value(at("last_checkpoint"))));
  add("unsaved since", at("unsaved_since"), runs::shown_value(at("unsaved_since")));
  add("error", at("error"), runs::shown_value(at("error")));
  if (const auto count = at("warnings.count"); count.is_number_integer()) {
    add("warnings", count,
        count == 0 ? "none" : fmt::format("{}; the last: {}", count.get<int64_t>(), runs::shown_value(at("warnings.last"))));
  }
  add("written", age,
      age.is_null() ? ""
                    : fmt::format("{} s ago by process {} on {}", age.get<int64_t>(), runs::shown_value(at("process")),
                                  runs::shown_value(at("host"))));
  std::cout << table.text();
  for (const std::string& fault : run.faults) std::cout << printable(std::string_view(fault)) << '\n';
}

void print(const StatusOptions& options, const runs::Run& run) {
  nlohmann::json report = run.status;
  report["status"] = run.state.name;
  report["reason"] = run.state.reason.empty() ? nlohmann::json() : nlohmann::json(run.state.reason);
  report["age_s"] = age_of(run);
  print_report(report, options.json, [&] { print_status(run); });
}

int status(const StatusOptions& options) {
  runs::Run run = runs::read_run(options.run, kNoOtherFiles);
  print(options, run);
  while (options.follow && run.state.lives()) {
    std::cout.flush();
    if (!std::cout) break;  // the reader is gone
    std::this_thread::sleep_for(kFollowInterval);
    const auto before = runs::at_path(run.status, "time");
    run = runs::read_run(options.run, kNoOtherFiles);
    if (runs::at_path(run.status, "time") == before && run.state.lives()) continue;
    std::cout << (options.json ? "" : "\n");
    print(options, run);
  }
  return 0;
}

}  // namespace

void add_status(CommandLine& line) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* app = line.app.add_subcommand("status", "Tell what a run is doing: step, rate, time left, last checkpoint, warnings");
  app->footer(
      "examples: hpcai-train status runs/galaxy-quickstart\n"
      "          hpcai-train status runs/galaxy-quickstart --follow");
  app->add_option("run", options->run, "Folder of the run")->type_name("RUN")->required();
  app->add_flag("--follow", options->follow, "Go on until the run has ended");
  app->add_flag("--json", options->json, "Print as JSON");
  app->callback([&line, options] { line.run = [options] { return status(*options); }; });
}

}  // namespace hpcai::app
