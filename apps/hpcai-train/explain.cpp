#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>
#include <map>
#include <memory>
#include <optional>

#include "commands.h"
#include "fixed_answers.h"
#include "hpcai/config/config.h"
#include "hpcai/config/explain.h"
#include "hpcai/config/key_path.h"
#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/runs/derived.h"
#include "hpcai/runs/facts.h"
#include "hpcai/runs/read_run.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::app {
namespace {

struct ExplainOptions {
  std::string key, run_dir;
  ConfigOptions config;
  bool json = false;
};

// The settings of a run or a config, and where each comes from.
struct Given {
  std::optional<runs::Run> run;
  runs::Settings settings;
  std::map<std::string, std::string> origins;
  bool knows_origins = false;  // an older program's run does not
};

// One value of the key; a key of a list of sections has several.
struct Value {
  std::string key, text, origin;
};

Given given_by_run(const std::string& folder) {
  Given given;
  given.run = runs::read_run(folder);
  given.settings = given.run->settings;
  std::vector<std::string> faults;
  const nlohmann::json sources = runs::read_object(std::filesystem::path(folder) / "sources.json", faults);
  for (const auto& [key, place] : sources.items()) {
    if (place.is_string()) given.origins[key] = place.get<std::string>();
  }
  given.knows_origins = !sources.empty();
  return given;
}

Given given_by_config(const ConfigOptions& config) {
  Given given;
  const std::string yaml = config::to_yaml(config.read(&given.origins));
  std::optional<std::string> ignored;  // the program has just written it
  given.settings = runs::parse_settings(yaml, ignored);
  given.knows_origins = true;
  return given;
}

std::optional<Given> given_by(const ExplainOptions& options) {
  if (!options.run_dir.empty()) return given_by_run(options.run_dir);
  if (!options.config.path.empty()) return given_by_config(options.config);
  if (options.config.overrides.empty()) return std::nullopt;
  throw Error(ExitCode::usage, "--set needs a config", "Give --config FILE as well.");
}

// The place that states the key, or the list or section that holds it.
std::string origin_of(const Given& given, std::string key) {
  while (true) {
    if (const auto found = given.origins.find(key); found != given.origins.end()) return found->second;
    const size_t end = key.find_last_of(".[");
    if (end == std::string::npos) break;
    key.resize(end);
  }
  return given.knows_origins ? "default" : "unknown: the run has no sources.json";
}

std::vector<Value> values_of(const Given& given, const std::string& key) {
  std::vector<Value> values;
  for (const auto& [name, text] : given.settings.entries()) {
    const bool same = name == key || (key.find('[') == std::string::npos || key.find("[]") != std::string::npos
                                          ? config::without_positions(name) == key
                                          : false);
    if (same) values.push_back({name, text, origin_of(given, name)});
  }
  return values;
}

std::map<std::string, std::string> chosen_types(const Given& given) {
  std::map<std::string, std::string> chosen;
  for (const auto& [key, text] : given.settings.entries()) {
    if (key.ends_with(".type")) chosen[key] = text;
  }
  return chosen;
}

constexpr const char* kChanges = "the trained network; a run resumes only with the same value";
constexpr const char* kChangesNothing = "nothing of the trained network; it may differ when a run resumes";

std::string text_of(const config::Meaning& meaning) {
  std::string out = fmt::format("{}\n  {}\n", meaning.key, meaning.help);
  const auto line = [&](const char* label, const std::string& text) {
    if (!text.empty()) out += fmt::format("  {:<9} {}\n", label, text);
  };
  line("type", meaning.type);
  line("unit", meaning.unit);
  if (!meaning.is_section) line("default", meaning.fallback.empty() ? "none: it is required" : meaning.fallback);
  line("changes", meaning.local ? kChangesNothing : kChanges);
  line("with", fmt::format("{}", fmt::join(meaning.when, "; ")));
  return out;
}

std::string text_of(const std::vector<config::Meaning>& meanings) {
  std::string out;
  for (const auto& meaning : meanings) out += text_of(meaning);
  return out;
}

std::string hint_for_section(const config::Meaning& meaning) {
  return meaning.is_section ? fmt::format("  `hpcai-train keys {}` lists its keys.\n", meaning.key) : "";
}

void print_values(const std::vector<Value>& values, const std::optional<std::string>& derived) {
  if (values.empty()) std::cout << "  not used here: the chosen types have no such key\n";
  for (const Value& value : values) {
    const std::string name = values.size() > 1 ? value.key + " " : "";
    std::cout << fmt::format("  {:<9} {}{}, {}{}\n", "value", name, printable(value.text),
                             value.origin == "default" ? "" : "from ",
                             value.origin == "default" ? "the default" : printable(value.origin));
  }
  if (derived) std::cout << fmt::format("  {:<9} {}\n", "derived", *derived);
}

nlohmann::json describe_meaning(const config::Meaning& meaning) {
  return {{"key", meaning.key},
          {"type", meaning.type},
          {"unit", meaning.unit.empty() ? nlohmann::json() : nlohmann::json(meaning.unit)},
          {"default", meaning.fallback.empty() ? nlohmann::json() : runs::value_of(meaning.fallback)},
          {"choices", meaning.choices},
          {"help", meaning.help},
          {"changes_result", !meaning.local},
          {"when", meaning.when}};
}

int explain(const ExplainOptions& options) {
  const std::optional<Given> given = given_by(options);
  const auto meanings = config::meanings_of(config::description<trainer::Experiment>(), options.key,
                                            given ? chosen_types(*given) : std::map<std::string, std::string>{});
  const auto values = given ? values_of(*given, options.key) : std::vector<Value>{};
  const auto derived = given && given->run ? runs::derived_from(*given->run, options.key) : std::nullopt;
  nlohmann::json report = {{"meanings", nlohmann::json::array()}, {"values", nlohmann::json::array()}};
  for (const auto& meaning : meanings) report["meanings"].push_back(describe_meaning(meaning));
  for (const Value& value : values)
    report["values"].push_back({{"key", value.key}, {"value", runs::value_of(value.text)}, {"from", value.origin}});
  report["derived"] = derived ? nlohmann::json(*derived) : nlohmann::json();
  print_report(report, options.json, [&] {
    std::cout << text_of(meanings);
    if (given && !meanings.front().is_section) print_values(values, derived);
    std::cout << hint_for_section(meanings.front());
  });
  return 0;
}

}  // namespace

std::string explanation_of(const std::string& key) {
  const auto meanings = config::meanings_of(config::description<trainer::Experiment>(), key);
  return text_of(meanings) + hint_for_section(meanings.front());
}

void add_explain(CommandLine& line) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* app =
      line.app.add_subcommand("explain", "Explain a setting: type, unit, default, where its value comes from, what it changes");
  app->footer(
      "examples: hpcai-train explain optimizer.lr\n"
      "          hpcai-train explain optimizer.lr --config configs/galaxy/quickstart.yaml --set optimizer.lr=1e-3\n"
      "          hpcai-train explain training.threads --run-dir runs/galaxy-quickstart");
  app->add_option("key", options->key, "The setting, such as optimizer.lr or training.stages[0].epochs")
      ->type_name("KEY")
      ->required();
  auto* run = app->add_option("--run-dir", options->run_dir, "Folder of a run: tell its value and where that came from")
                  ->type_name("DIR");
  options->config.add_to(*app, false);
  app->get_option("--config")->excludes(run);
  app->get_option("--set")->excludes(run);
  app->add_flag("--json", options->json, "Print as JSON");
  app->callback([&line, options] { line.run = [options] { return explain(*options); }; });
}

}  // namespace hpcai::app
