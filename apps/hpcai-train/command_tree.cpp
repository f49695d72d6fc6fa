#include "command_tree.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "hpcai/config/keys.h"
#include "hpcai/core/text.h"

namespace hpcai::app {
namespace {

// Whether people type the word as it is; placeholders such as N and FILE are in capitals.
bool is_choice(std::string_view word) {
  return !word.empty() &&
         std::ranges::all_of(word, [](unsigned char c) { return std::islower(c) || std::isdigit(c) || c == '_' || c == '-'; });
}

bool names_path(std::string_view word) {
  return word.starts_with("FILE") || word == "DIR" || word == "FOLDER" || word == "PATH" || word == "RUN";
}

void add_choices(OptionEntry& entry, std::string_view words, char separator) {
  for (const std::string_view word : split(words, separator)) {
    if (is_choice(word) && std::ranges::count(entry.choices, word) == 0) entry.choices.emplace_back(word);
  }
}

// CLI11 names a type "SPLIT:{test,train}": the name of the value, and the choices of CLI::IsMember. The name has words to type
// and placeholders: "last|best|NAME|DIR". A text without a name of its own, TEXT, may be a file.
void take_value(OptionEntry& entry, const std::string& type) {
  const size_t colon = std::min(type.find(':'), type.size());
  entry.value = type.substr(0, colon);
  add_choices(entry, entry.value, '|');
  const size_t begin = type.find('{', colon), end = type.find('}', colon);
  if (begin < end && end != std::string::npos) add_choices(entry, std::string_view(type).substr(begin + 1, end - begin - 1), ',');
  for (const std::string_view word : split(entry.value, '|')) {
    entry.takes_file = entry.takes_file || names_path(word) || (word == "TEXT" && entry.choices.empty());
    entry.takes_setting = entry.takes_setting || word == "KEY=VALUE";
    entry.takes_key = entry.takes_key || word == "KEY";
  }
}

OptionEntry entry_of(const CLI::Option& option) {
  OptionEntry entry;
  entry.is_argument = option.get_positional();
  for (const std::string& name : option.get_lnames()) entry.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) entry.names.push_back("-" + name);
  if (entry.is_argument) entry.names = {option.get_name(/*positional=*/true)};
  entry.help = option.get_description();
  const bool is_flag = option.get_items_expected_max() == 0;
  if (!is_flag) take_value(entry, option.get_type_name());
  return entry;
}

void add(const CLI::App& app, const std::string& path, std::vector<CommandEntry>& all) {
  CommandEntry entry{.path = path, .help = app.get_description(), .footer = app.get_footer(), .options = {}, .commands = {}};
  // What has no group is hidden: it is for other programs.
  const auto is_shown = [](const auto* item) { return !item->get_group().empty(); };
  for (const CLI::Option* option : app.get_options(is_shown)) entry.options.push_back(entry_of(*option));
  const auto commands = app.get_subcommands(is_shown);
  for (const CLI::App* command : commands) entry.commands.push_back(command->get_name());
  all.push_back(std::move(entry));
  for (const CLI::App* command : commands) add(*command, path + (path.empty() ? "" : " ") + command->get_name(), all);
}

// "training.stages[0].epochs" of "training.stages[].epochs".
std::string of_first_element(std::string key) {
  for (size_t place = 0; (place = key.find("[]", place)) != std::string::npos; place += 3) key.insert(place + 1, "0");
  return key;
}

}  // namespace

std::vector<CommandEntry> list_commands(const CLI::App& app) {
  std::vector<CommandEntry> all;
  add(app, "", all);
  return all;
}

std::vector<SettingEntry> list_settings(const config::Section& description) {
  std::vector<SettingEntry> settings;
  std::map<std::string, size_t> places;
  for (const auto& item : config::list_keys(description)) {
    const auto key = of_first_element(item.at("key").get<std::string>());
    const auto [place, is_new] = places.emplace(key, settings.size());
    if (is_new) settings.push_back({key, {}});
    std::vector<std::string>& choices = settings[place->second].choices;
    const auto offer = [&](const std::string& word) {
      if (std::ranges::count(choices, word) == 0) choices.push_back(word);
    };
    if (item.contains("choices")) std::ranges::for_each(item.at("choices").get<std::vector<std::string>>(), offer);
    if (item.at("type") == "boolean") std::ranges::for_each(std::vector<std::string>{"true", "false"}, offer);
  }
  return settings;
}

}  // namespace hpcai::app
