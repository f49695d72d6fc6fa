#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "command_tree.h"
#include "fixed_answers.h"
#include "hpcai/config/config.h"
#include "hpcai/core/text.h"
#include "hpcai/core/version.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::app {
namespace {

// Text in which roff sees no request and no escape (man(7)).
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return !out.empty() && (out.front() == '.' || out.front() == '\'') ? "\\&" + out : out;
}

// Lines as they are, for examples.
std::string literal(const std::string& text) {
  std::string out = ".PP\n.nf\n";
  std::string_view rest = text;
  while (rest.starts_with('\n')) rest.remove_prefix(1);
  for (const std::string_view line : split(rest, '\n')) out += escaped(line) + "\n";
  return out + ".fi\n";
}

std::string write_option(const OptionEntry& option) {
  std::string head;
  for (const std::string& name : option.names) head += fmt::format("{}\\fB{}\\fR", head.empty() ? "" : ", ", escaped(name));
  if (!option.value.empty() && !option.is_argument) head += fmt::format(" \\fI{}\\fR", escaped(option.value));
  return fmt::format(".TP\n{}\n{}\n", head, escaped(option.help));
}

std::string write_options(const CommandEntry& command) {
  std::string out;
  for (const OptionEntry& option : command.options) out += write_option(option);
  return out;
}

std::string write_settings() {
  std::string out;
  std::string last;
  for (const auto& item : config::list_keys(config::description<trainer::Experiment>())) {
    const auto key = item.at("key").get<std::string>();
    if (key == last) continue;  // the same key of another type
    last = key;
    const auto& value = item.at("default");
    const std::string fallback = item.at("required") == true ? "required" : "default " + config::write_flow(value);
    const std::string unit = item.contains("unit") ? ", in " + item.at("unit").get<std::string>() : "";
    out += fmt::format(".TP\n\\fB{}\\fR ({}, {}{})\n{}\n", escaped(key), escaped(item.at("type").get<std::string>()),
                       escaped(fallback), escaped(unit), escaped(item.at("help").get<std::string>()));
  }
  return out;
}

}  // namespace

std::string manual_page(const CommandLine& line) {
  const auto commands = list_commands(line.app);
  const CommandEntry& program = commands.front();
  std::string page = fmt::format(".TH HPCAI\\-TRAIN 1 \"\" \"hpcai\\-train {}\" \"User Commands\"\n", escaped(kVersion)) +
                     ".SH NAME\nhpcai\\-train \\- train scientific neural networks\n"
                     ".SH SYNOPSIS\n\\fBhpcai\\-train\\fR \\fB\\-\\-config\\fR \\fIFILE\\fR [\\fIOPTION\\fR]...\n.br\n"
                     "\\fBhpcai\\-train\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]...\n"
                     ".SH DESCRIPTION\n" +
                     escaped(program.help) + "\nWithout a command it trains.\n.SH OPTIONS\n" + write_options(program) +
                     ".SH COMMANDS\n";
  for (const CommandEntry& command : commands) {
    if (command.path.empty()) continue;
    page += fmt::format(".SS {}\n{}\n", escaped(command.path), escaped(command.help)) + write_options(command);
    if (!command.footer.empty()) page += literal(command.footer);
  }
  return page +
         ".SH SETTINGS\nThe keys of a config. \\fB\\-\\-set\\fR changes one. A key that several types have is listed once; "
         "\\fBhpcai\\-train explain\\fR \\fIKEY\\fR tells all.\n" +
         write_settings() + ".SH EXAMPLES AND EXIT STATUS\n" + literal(program.footer);
}

void add_man(CommandLine& line) {
  CLI::App* app = line.app.add_subcommand("man", "Print the manual page");
  app->footer(
      "examples: hpcai-train man | man -l -\n"
      "          hpcai-train man > ~/.local/share/man/man1/hpcai-train.1");
  app->callback([&line] {
    line.run = [&line] {
      std::cout << manual_page(line);
      return 0;
    };
  });
}

}  // namespace hpcai::app
