#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "command_tree.h"
#include "fixed_answers.h"
#include "hpcai/config/config.h"
#include "hpcai/core/text.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::app {
namespace {

// What the scripts of all shells are made of.
struct Vocabulary {
  std::vector<CommandEntry> commands;
  std::vector<SettingEntry> settings;
};

// Words without characters that mean something to a shell: names of commands, options, keys and choices have none.
std::string words(const std::vector<std::string>& list) { return fmt::format("{}", fmt::join(list, " ")); }

std::string names_of(const CommandEntry& command) {
  std::vector<std::string> names;
  for (const OptionEntry& option : command.options) {
    if (!option.is_argument) names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return words(names);
}

std::string keys_of(const Vocabulary& all, const char* ending) {
  std::vector<std::string> keys;
  for (const SettingEntry& setting : all.settings) keys.push_back(setting.key + ending);
  return words(keys);
}

// Returns the lines of a case statement of bash and zsh: the words that an option of a command may have. `*` stands for files,
// `=` for settings, `.` for keys.
std::string value_cases(const Vocabulary& all) {
  std::string cases;
  for (const CommandEntry& command : all.commands) {
    for (const OptionEntry& option : command.options) {
      if (option.is_argument || option.value.empty()) continue;
      std::vector<std::string> offers = option.choices;
      if (option.takes_setting) offers.emplace_back("=");
      if (option.takes_key) offers.emplace_back(".");
      if (option.takes_file) offers.emplace_back("*");
      for (const std::string& name : option.names) {
        cases += fmt::format("    '{}|{}') offers='{}' ;;\n", command.path, name, words(offers));
      }
    }
  }
  return cases;
}

std::string word_cases(const Vocabulary& all) {
  std::string cases;
  for (const CommandEntry& command : all.commands) {
    std::vector<std::string> offers = command.commands;
    for (const OptionEntry& option : command.options) {
      if (!option.is_argument) continue;
      offers.insert(offers.end(), option.choices.begin(), option.choices.end());
      if (option.takes_key) offers.emplace_back(".");
      if (option.takes_file) offers.emplace_back("*");
    }
    cases += fmt::format("    '{}') names='{}' offers='{}' ;;\n", command.path, names_of(command), words(offers));
  }
  return cases;
}

// The pattern of a case statement for a key, with any position in each list. `any`: how the shell writes "[any]".
std::string any_element(std::string key, std::string_view any) {
  for (size_t place = 0; (place = key.find("[0]", place)) != std::string::npos; place += any.size()) key.replace(place, 3, any);
  return key;
}

std::string choice_cases(const Vocabulary& all) {
  std::string cases;
  for (const SettingEntry& setting : all.settings) {
    if (setting.choices.empty()) continue;
    cases += fmt::format("    {}) values='{}' ;;\n", any_element(setting.key, "'['*]"), words(setting.choices));
  }
  return cases;
}

std::string paths_pattern(const Vocabulary& all) {
  std::vector<std::string> paths;
  for (const CommandEntry& command : all.commands) {
    if (!command.path.empty()) paths.push_back("'" + command.path + "'");
  }
  return fmt::format("{}", fmt::join(paths, "|"));
}

// The functions that bash and zsh share. `words`: the words before the one that is being completed, without the program's name.
constexpr const char* kShared = R"(_hpcai_train_command() {{  # sets `command` from the words before the cursor
  command=''
  local word
  for word in "$@"; do
    case "${{command:+$command }}$word" in
    {paths}) command="${{command:+$command }}$word" ;;
    esac
  done
}}
_hpcai_train_option() {{  # sets `offers` for the value of option $2 of command $1; fails if it takes none
  case "$1|$2" in
{values}    *) return 1 ;;
  esac
}}
_hpcai_train_words() {{  # sets `names`, the options of command $1, and `offers`, its sub-commands and arguments
  case "$1" in
{words}  esac
}}
_hpcai_train_choices() {{  # sets `values`, the words that setting $1 may be
  values=''
  case "$1" in
{choices}  esac
}}
_hpcai_train_keys='{keys}'
)";

std::string shared(const Vocabulary& all) {
  return fmt::format(kShared, fmt::arg("paths", paths_pattern(all)), fmt::arg("values", value_cases(all)),
                     fmt::arg("words", word_cases(all)), fmt::arg("choices", choice_cases(all)),
                     fmt::arg("keys", keys_of(all, "")));
}

constexpr const char* kBash = R"(
# The word is taken from the line, because bash may split it at "=" (COMP_WORDBREAKS); then it replaces only the part behind "=".
_hpcai_train() {
  local line=${COMP_LINE:0:COMP_POINT} command names offers values word offer
  local -a before
  read -ra before <<< "$line"
  local current=''
  if [[ $line != *[[:space:]] ]]; then current=${before[-1]}; unset 'before[-1]'; fi
  local previous=${before[-1]}
  _hpcai_train_command "${before[@]:1}"
  COMPREPLY=()
  local option='' value=$current
  if [[ $current == --*=* ]]; then
    option=${current%%=*} value=${current#*=}
  elif [[ $previous == -* ]]; then
    option=$previous
  fi
  if [[ -z $option ]] || ! _hpcai_train_option "$command" "$option"; then
    value=$current
    _hpcai_train_words "$command"
    [[ $current == -* ]] && { COMPREPLY=($(compgen -W "$names" -- "$current")); return; }
  fi
  set -f
  for offer in $offers; do
    case $offer in
    '*') set +f; compopt -o filenames 2>/dev/null; local IFS=$'\n'; COMPREPLY+=($(compgen -f -- "$value")); unset IFS; set -f ;;
    '.') COMPREPLY+=($(compgen -W "$_hpcai_train_keys" -- "$value")) ;;
    '=') if [[ $value == *=* ]]; then
           _hpcai_train_choices "${value%%=*}"
           COMPREPLY+=($(compgen -P "${value%%=*}=" -W "$values" -- "${value#*=}"))
         else
           compopt -o nospace 2>/dev/null
           COMPREPLY+=($(compgen -S = -W "$_hpcai_train_keys" -- "$value"))
         fi ;;
    *) COMPREPLY+=($(compgen -W "$offer" -- "$value")) ;;
    esac
  done
  set +f
  [[ $current == --*=* ]] && COMPREPLY=("${COMPREPLY[@]/#/$option=}")
  if [[ $current == *=* && $COMP_WORDBREAKS == *=* ]]; then
    local cut=${current%"${current##*=}"}
    COMPREPLY=("${COMPREPLY[@]#"$cut"}")
  fi
}
complete -F _hpcai_train hpcai-train
)";

constexpr const char* kZsh = R"(
_hpcai_train() {
  local command names offers values offer option='' previous=${words[CURRENT-1]}
  _hpcai_train_command ${words[2,CURRENT-1]}
  if [[ $PREFIX == --*=* ]]; then
    option=${PREFIX%%=*}
    compset -P 1 '*='
  elif [[ $previous == -* ]]; then
    option=$previous
  fi
  if [[ -z $option ]] || ! _hpcai_train_option "$command" "$option"; then
    _hpcai_train_words "$command"
    if [[ $PREFIX == -* ]]; then compadd -- ${=names}; return; fi
  fi
  for offer in ${=offers}; do
    case $offer in
    '*') _files ;;
    '.') compadd -- ${=_hpcai_train_keys} ;;
    '=') if [[ $PREFIX == *=* ]]; then
           _hpcai_train_choices ${PREFIX%%=*}
           compset -P 1 '*='
           compadd -- ${=values}
         else
           compadd -S '=' -- ${=_hpcai_train_keys}
         fi ;;
    *) compadd -- $offer ;;
    esac
  done
}
if [[ ${funcstack[1]} == _hpcai_train ]]; then _hpcai_train "$@"; else compdef _hpcai_train hpcai-train; fi
)";

std::string bash_script(const Vocabulary& all) {
  return "# Completion of hpcai-train for bash. Load it with: source <(hpcai-train completion bash)\n" + shared(all) + kBash;
}

std::string zsh_script(const Vocabulary& all) {
  return "#compdef hpcai-train\n# Completion of hpcai-train for zsh. Write it to a file _hpcai-train in a folder of $fpath, or "
         "source it.\n" +
         shared(all) + kZsh;
}

// A word in single quotes for fish.
std::string fish_word(const std::string& text) {
  std::string out = "'";
  for (const char c : text)
    out += c == '\'' || c == '\\' ? std::string("\\") + c : c == '\n' ? std::string(" ") : std::string(1, c);
  return out + "'";
}

std::string fish_option(const CommandEntry& command, const OptionEntry& option) {
  std::string line = fmt::format("complete -c hpcai-train -n '__hpcai_train_in \"{}\"'", command.path);
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2)) : fmt::format(" -s {}", name.substr(1));
  }
  if (!option.value.empty()) line += option.takes_file ? " -r -F" : " -x";
  std::string offers = words(option.choices);
  if (option.takes_setting) offers = "(__hpcai_train_settings)";
  if (option.takes_key) offers = "(__hpcai_train_keys)";
  if (!offers.empty()) line += fmt::format(" -a '{}'", offers);
  return fmt::format("{} -d {}\n", line, fish_word(option.help));
}

std::string fish_argument(const CommandEntry& command, const OptionEntry& option) {
  std::string line = fmt::format("complete -c hpcai-train -n '__hpcai_train_in \"{}\"'", command.path);
  if (option.takes_file) return line + " -F\n";
  const std::string offers = option.takes_key ? "(__hpcai_train_keys)" : words(option.choices);
  return offers.empty() ? "" : fmt::format("{} -f -a '{}'\n", line, offers);
}

constexpr const char* kFish = R"(function __hpcai_train_in --description 'Whether the words before the cursor name this command'
  set -l command
  for word in (commandline -opc)[2..-1]
    set -l longer (string join ' ' -- $command $word)
    contains -- $longer $__hpcai_train_commands; and set command $longer
  end
  test "$command" = "$argv[1]"
end
function __hpcai_train_keys
  printf '%s\n' $__hpcai_train_all_keys
end
function __hpcai_train_settings
  set -l token (string replace -r '^--set=' '' -- (commandline -ct))
  set -l parts (string split -m 1 = -- $token)
  if test (count $parts) -lt 2
    printf '%s=\n' $__hpcai_train_all_keys
    return
  end
  switch $parts[1]
)";

std::string fish_script(const Vocabulary& all) {
  std::string out =
      "# Completion of hpcai-train for fish. Write it to ~/.config/fish/completions/hpcai-train.fish, or source it.\n";
  std::vector<std::string> paths;
  for (const CommandEntry& command : all.commands) {
    if (!command.path.empty()) paths.push_back("'" + command.path + "'");
  }
  out += fmt::format("set -g __hpcai_train_commands {}\n", words(paths));
  out += fmt::format("set -g __hpcai_train_all_keys {}\n{}", keys_of(all, ""), kFish);
  for (const SettingEntry& setting : all.settings) {
    if (setting.choices.empty()) continue;
    out += fmt::format("    case '{}'\n      printf '%s\\n' $parts[1]={}\n", any_element(setting.key, "[*]"),
                       fmt::join(setting.choices, " $parts[1]="));
  }
  out += "  end\nend\ncomplete -c hpcai-train -f\n";
  for (const CommandEntry& command : all.commands) {
    for (const std::string& name : command.commands) {
      const std::string path = command.path + (command.path.empty() ? "" : " ") + name;
      const auto of = std::ranges::find(all.commands, path, &CommandEntry::path);
      out += fmt::format("complete -c hpcai-train -n '__hpcai_train_in \"{}\"' -f -a {} -d {}\n", command.path, name,
                         fish_word(of->help));
    }
    for (const OptionEntry& option : command.options) {
      out += option.is_argument ? fish_argument(command, option) : fish_option(command, option);
    }
  }
  return out;
}

}  // namespace

std::string completion_script(const CommandLine& line, const std::string& shell) {
  const Vocabulary all{list_commands(line.app), list_settings(config::description<trainer::Experiment>())};
  return shell == "bash" ? bash_script(all) : shell == "zsh" ? zsh_script(all) : fish_script(all);
}

void add_completion(CommandLine& line) {
  auto shell = std::make_shared<std::string>();
  CLI::App* app =
      line.app.add_subcommand("completion", "Print the script by which a shell completes commands, options and settings");
  app->footer(
      "examples: source <(hpcai-train completion bash)          in ~/.bashrc\n"
      "          hpcai-train completion zsh > ~/.zfunc/_hpcai-train\n"
      "          hpcai-train completion fish > ~/.config/fish/completions/hpcai-train.fish");
  app->add_option("shell", *shell, "The shell")->type_name("bash|zsh|fish")->required()->check(CLI::IsMember(kShells));
  app->callback([&line, shell] {
    line.run = [&line, shell] {
      std::cout << completion_script(line, *shell);
      return 0;
    };
  });
}

}  // namespace hpcai::app
