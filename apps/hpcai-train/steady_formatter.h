#pragma once

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace hpcai::app {

// CLI11's help, with the options that an option needs or excludes in alphabetical order. CLI11 lists them by their addresses, in
// another order in each process.
class SteadyFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string text = CLI::Formatter::make_option_opts(option);
    const size_t excludes = std::min(text.find(" Excludes:"), text.size());
    const size_t needs = std::min(text.find(" Needs:"), excludes);
    return text.substr(0, needs) + sorted(text.substr(needs, excludes - needs)) + sorted(text.substr(excludes));
  }

 private:
  // " Excludes: --b --a" becomes " Excludes: --a --b".
  static std::string sorted(const std::string& list) {
    std::istringstream words(list);
    std::string text;
    if (std::string title; words >> title) text = " " + title;
    std::vector<std::string> names{std::istream_iterator<std::string>(words), std::istream_iterator<std::string>()};
    std::ranges::sort(names);
    for (const std::string& name : names) text += " " + name;
    return text;
  }
};

}  // namespace hpcai::app
