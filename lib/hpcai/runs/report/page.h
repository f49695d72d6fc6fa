#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace hpcai::runs::report {

// Part of a page, with an entry in its table of contents.
struct Section {
  std::string id{};     // for links within the page
  std::string title{};  // "Curves"
  std::string html{};   // an empty section is left out
};

// How much of the files a page may hold. html_of() of report.h halves the numbers until the page is small enough.
struct Budget {
  size_t rows = 12'000;            // of the tables of all charts
  size_t picture_bytes = 700'000;  // of all figures
  size_t text_bytes = 100'000;     // of each text file, such as a config

  Budget half() const { return {rows / 2, picture_bytes / 2, text_bytes / 2}; }
};

enum class Mood { plain, good, bad, wait };

// One HTML file that needs nothing else: the style, the script and the library of the charts are in it. Its policy lets a browser
// run only these scripts and fetch nothing.
struct Page {
  std::string title{};
  std::string badge{};  // the state in a word or two, beside the title
  Mood mood = Mood::plain;
  std::string lead{};                                        // a sentence below the title
  std::vector<std::string> notices{};                        // what is missing, damaged or left out
  std::vector<std::pair<std::string, std::string>> cards{};  // the most important numbers: name, value
  std::vector<Section> sections{};
  std::string footer{};
  int refresh_s = 0;  // a browser loads the page again after so many seconds; 0: never
};

std::string html_of(const Page& page);

}  // namespace hpcai::runs::report
