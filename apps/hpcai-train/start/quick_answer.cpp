#include "start/quick_answer.h"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <iostream>
#include <iterator>
#include <memory>
#include <string_view>

#include "hpcai/config/key_path.h"
#include "hpcai/config/keys.h"
#include "machine_info.h"
#include "runs.h"
#include "terminal_width.h"

namespace hpcai::app {
namespace {

using namespace std::string_view_literals;

struct Answer {
  std::string_view arguments;  // "check --help"
  std::string_view text;
};

// kAnswers, kExplanations of the settings and kKeyLines, which the whole program has written (fixed_answers.cpp)
#include "hpcai/fixed_answers.inc"

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + (word == "-h" ? "--help" : word);
  return text;
}

// With bound threads `info` tells what libgomp does, which only the whole program loads.
bool binds_threads() {
  return std::ranges::any_of(std::initializer_list<const char*>{"OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY"},
                             [](const char* name) { return std::getenv(name) != nullptr; });
}

int print(std::string_view text) {
  std::cout << text;
  return 0;
}

// The text of kExplanations for `explain KEY`; null if the key is none.
const Answer* explanation_of(std::string_view key) {
  const std::string path = config::without_positions(key);
  const auto* const found = std::ranges::find(kExplanations, std::string_view(path), &Answer::arguments);
  return found == std::end(kExplanations) ? nullptr : found;
}

// What reads run folders alone. Nothing for help and mistakes, whose answers the whole program gives.
std::optional<std::function<int()>> read_runs(const std::vector<std::string>& arguments) {
  const auto line = std::make_shared<CommandLine>();
  line->settings = [] { return config::read_key_lines(kKeyLines); };
  line->app.require_subcommand(0, 1);  // as the whole program: a folder may have the name of a command
  add_status(*line);
  add_runs_readers(*line);
  try {
    line->app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes the first one from the end
  } catch (const CLI::Error&) {
    return {};
  }
  return [line] { return line->run(); };
}

int print_keys(const std::string& prefix) {
  std::cout << config::write_key_table(config::read_key_lines(kKeyLines), prefix, terminal_width());
  return 0;
}

}  // namespace

std::optional<std::function<int()>> quick_answer(const std::vector<std::string>& arguments) {
  if (!arguments.empty() && (arguments[0] == "runs" || arguments[0] == "status")) {
    if (auto answer = read_runs(arguments)) return answer;
  }
  if (std::ranges::any_of(arguments, [](const std::string& word) { return word.find(' ') != std::string::npos; })) return {};
  const std::string all = joined(arguments);
  const auto* const found = std::ranges::find(kAnswers, std::string_view(all), &Answer::arguments);
  if (found != std::end(kAnswers)) return [found] { return print(found->text); };
  if ((all == "info" || all == "info --json") && !binds_threads()) return [json = all != "info"] { return tell_machine(json); };
  if (all == "info --system") return [] { return tell_system(false); };
  if (all == "info --system --json" || all == "info --json --system") return [] { return tell_system(true); };
  if (arguments.size() == 2 && arguments[0] == "explain") {
    if (const Answer* explanation = explanation_of(arguments[1])) return [explanation] { return print(explanation->text); };
  }
  if (all == "keys") return [] { return print_keys(""); };
  if (arguments.size() == 2 && arguments[0] == "keys" && !arguments[1].starts_with('-'))
    return [prefix = arguments[1]] { return print_keys(prefix); };
  return {};
}

}  // namespace hpcai::app
