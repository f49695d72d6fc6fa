#pragma once

#include <string>
#include <vector>

#include "commands.h"
#include "hpcai/config/description.h"

// The command line of this program as plain data, from which the man page and the completions are made.
namespace hpcai::app {

// An option or an argument of a command.
struct OptionEntry {
  std::vector<std::string> names;  // "--config", "-h"; of an argument: its name, "RUN"
  std::string value;               // "FILE", "never|auto|require"; empty for a flag
  std::string help;
  std::vector<std::string> choices;  // words that the value may be
  bool takes_file = false;           // whether the value may be a file or a folder
  bool takes_setting = false;        // KEY=VALUE of a config
  bool takes_key = false;            // KEY of a config
  bool is_argument = false;
};

struct CommandEntry {
  std::string path;  // "runs list"; empty for the program without a command
  std::string help;
  std::string footer;  // examples
  std::vector<OptionEntry> options;
  std::vector<std::string> commands;  // names of its sub-commands
};

// Returns the program itself and all its commands, each before its sub-commands. Hidden commands and options are not among them.
std::vector<CommandEntry> list_commands(const CLI::App& app);

// A setting that --set accepts.
struct SettingEntry {
  std::string key;
  std::vector<std::string> choices;  // words that its value may be
};

// Returns the settings that --set can change alone. Those of lists of sections have the position of the first element,
// "training.stages[0].epochs". Each key appears once, with the choices of all types that have it.
std::vector<SettingEntry> list_settings(const config::Section& description);

}  // namespace hpcai::app
