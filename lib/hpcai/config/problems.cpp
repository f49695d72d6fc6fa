#include "hpcai/config/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "hpcai/core/error.h"

namespace hpcai::config {

std::string Place::text() const { return line > 0 ? fmt::format("{}:{}", source, line) : source; }

void Problems::add(const Place& place, std::string text) { problems_.push_back({place, std::move(text)}); }

void Problems::add(const Problems& others, const std::string& sentence) {
  for (const Problem& problem : others.problems_) add(problem.place, problem.text + ' ' + sentence);
}

void Problems::throw_if_any() const {
  if (!empty()) throw Error(ExitCode::usage, report());
}

std::string Problems::report() const {
  constexpr size_t kMaxShown = 50;
  auto sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.place.order, a.place.line) < std::tie(b.place.order, b.place.line);
  });
  std::string report;
  for (size_t i = 0; i < std::min(sorted.size(), kMaxShown); ++i) {
    report += fmt::format("{}: {}\n", sorted[i].place.text(), sorted[i].text);
  }
  if (sorted.size() > kMaxShown) report += fmt::format("... and {} more\n", sorted.size() - kMaxShown);
  report += sorted.size() == 1 ? "1 problem found." : fmt::format("{} problems found.", sorted.size());
  return report + " Nothing was started.";
}

}  // namespace hpcai::config
