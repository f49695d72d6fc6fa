#include "fixed_answers.h"

#include <fmt/format.h>

#include <iostream>
#include <set>
#include <stdexcept>
#include <string>

#include "hpcai/config/config.h"
#include "hpcai/core/version.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::app {
namespace {

using Describe = void (*)(CommandLine&);

void print(const std::string& text) { std::cout << "R\"~~~(" << text << ")~~~\"sv"; }

void print_answer(const std::string& arguments, const std::string& text) {
  std::cout << "    {\"" << arguments << "\", ";
  print(text);
  std::cout << "},\n";
}

// The help that `arguments` ask for, "check --help".
std::string help_of(Describe describe, const std::string& arguments) {
  CommandLine line;
  describe(line);
  try {
    line.app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    return line.app.help();
  }
  throw std::logic_error(arguments + " asks for no help");
}

// Of `app` and the commands within it. `name` of its place: "generate waveforms ".
void print_help(Describe describe, const CLI::App& app, const std::string& name) {
  print_answer(name + "--help", help_of(describe, name + "--help"));
  for (const CLI::App* command : app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); })) {
    print_help(describe, *command, name + command->get_name() + " ");
  }
}

int print_answers(Describe describe) {
  using trainer::Experiment;
  CommandLine whole;
  describe(whole);
  std::cout << "constexpr Answer kAnswers[] = {\n";
  print_help(describe, whole.app, "");
  print_answer("--version", fmt::format("hpcai-train {}\n", kVersion));
  print_answer("keys --json", config::keys_json<Experiment>() + "\n");
  print_answer("man", manual_page(whole));
  for (const std::string& shell : kShells) print_answer("completion " + shell, completion_script(whole, shell));
  print_answer("keys --schema", config::json_schema<Experiment>("hpcai-train experiment") + "\n");
  std::cout << "};\nconstexpr Answer kExplanations[] = {\n";
  std::set<std::string> keys;
  for (const config::KeyLine& setting : whole.settings()) {
    if (keys.insert(setting.path).second) print_answer(setting.path, explanation_of(setting.path));
  }
  std::cout << "};\nconstexpr std::string_view kKeyLines = ";
  print(config::write_key_lines(whole.settings()));
  std::cout << ";\n";
  return 0;
}

}  // namespace

void add_fixed_answers(CommandLine& line, void (*describe)(CommandLine&)) {
  CLI::App* app = line.app.add_subcommand("fixed-answers", "Print the answers that never change, as C++ for the build");
  app->group("");
  app->callback([&line, describe] { line.run = [describe] { return print_answers(describe); }; });
}

}  // namespace hpcai::app
