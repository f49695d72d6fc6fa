#include "hpcai/runs/report/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "hpcai/core/error.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"
#include "hpcai/data/tables/csv.h"
#include "hpcai/runs/report/curves.h"
#include "hpcai/runs/report/figures.h"
#include "hpcai/runs/report/html.h"
#include "hpcai/runs/report/provenance.h"
#include "hpcai/runs/report/values.h"

namespace hpcai::runs::report {
namespace {

double number_of(const std::string& cell) { return parse_number<double>(cell).value_or(kNone); }

// Of the rows from `first` on.
std::vector<double> numbers_of(const data::Csv& trials, size_t column, int64_t first) {
  std::vector<double> numbers;
  for (int64_t row = first; row < trials.rows(); ++row) numbers.push_back(number_of(trials.cell(row, column)));
  return numbers;
}

// The column of the metric that the search improves; its title is the metric's name.
size_t value_column(const data::Csv& trials) { return trials.column("steps") + 1; }

// The columns of the settings, which stand between the value and the reason of a failure.
std::vector<size_t> settings_of(const data::Csv& trials) {
  std::vector<size_t> columns;
  for (size_t column = value_column(trials) + 1; column < trials.column("failure"); ++column) columns.push_back(column);
  return columns;
}

void require_value(const data::Csv& trials, const std::filesystem::path& file) {
  if (value_column(trials) < trials.column("failure")) return;
  throw Error(ExitCode::bad_data, fmt::format("{} has no column of values between steps and failure", printable(file.string())),
              "Let the search write it again: run the same search command once more.");
}

bool is_numeric(const std::vector<double>& values) {
  return std::ranges::any_of(values, [](double value) { return std::isfinite(value); });
}

// The value of each trial over the number of the trial or over a setting. A long search shows its newest trials.
Chart value_chart(const data::Csv& trials, size_t most) {
  const size_t value = value_column(trials);
  const std::string& metric = trials.columns()[value];
  Chart chart{.id = "trial-values",
              .title = fmt::format("{} of each trial", metric),
              .explanation = "Over the number of the trial, or over a setting.",
              .kind = ChartKind::points,
              .unit = metric};
  chart.group_name = "state";
  const size_t state = trials.column("state");
  const int64_t first = std::max<int64_t>(0, trials.rows() - static_cast<int64_t>(most));
  if (first > 0) chart.note = fmt::format("The last {} of {} trials.", most, trials.rows());
  for (int64_t row = first; row < trials.rows(); ++row) chart.groups.push_back(trials.cell(row, state));
  chart.axes.push_back({"trial", numbers_of(trials, trials.column("trial"), first)});
  for (const size_t column : settings_of(trials)) {
    auto values = numbers_of(trials, column, first);
    if (is_numeric(values)) chart.axes.push_back({trials.columns()[column], std::move(values)});
  }
  chart.series = {{metric, numbers_of(trials, value, first)}};
  return chart;
}

std::string trials_html(const data::Csv& trials, size_t most) {
  const auto rows = std::min<int64_t>(trials.rows(), static_cast<int64_t>(most));
  TextTable table{.caption = "Trials", .head = trials.columns(), .rows = {}};
  if (rows < trials.rows()) table.caption += fmt::format(" (the first {} of {})", rows, trials.rows());
  for (int64_t row = 0; row < rows; ++row) {
    table.rows.emplace_back();
    for (size_t column = 0; column < trials.columns().size(); ++column) table.rows.back().push_back(trials.cell(row, column));
  }
  return html_of(table);
}

std::vector<std::pair<std::string, std::string>> counts_of(const data::Csv& trials) {
  std::map<std::string, int64_t> counts;
  const size_t state = trials.column("state");
  for (int64_t row = 0; row < trials.rows(); ++row) ++counts[trials.cell(row, state)];
  std::vector<std::pair<std::string, std::string>> cards = {{"trials", fmt::format("{}", trials.rows())}};
  for (const auto& [name, count] : counts) cards.emplace_back(name.empty() ? "without a state" : name, fmt::format("{}", count));
  return cards;
}

std::string best_html(const std::filesystem::path& folder, const Budget& budget) {
  const std::string best = file_html(folder / "best.yaml", budget);
  if (best.empty()) return element("p", "There is no best.yaml.");
  const std::vector<std::string> words = {"hpcai-train", "--config", (folder / "best.yaml").string()};
  return best + element("p", "Train with the best settings:") + preformatted("Train with the best settings", shell_line(words));
}

}  // namespace

Page search_page(const std::filesystem::path& folder, const Budget& budget) {
  const std::filesystem::path file = folder / "trials.csv";
  const data::Csv trials(file, {"trial", "state", "steps", "failure"});
  require_value(trials, file);
  Page page;
  page.title = "Search " + folder.filename().string();
  page.cards = counts_of(trials);
  const size_t shown = std::max<size_t>(10, budget.rows / 4);
  std::string files;
  for (const char* name : {"space.yaml", "config.yaml", "search.json"}) files += file_html(folder / name, budget);
  page.sections = {{"values", "Values", html_of(std::vector<Chart>{value_chart(trials, shown)})},
                   {"best", "The best settings", best_html(folder, budget)},
                   {"figures", "Figures", findings_html(folder, "Figures in the folder of the search", budget, page.notices)},
                   {"trials", "Trials", trials_html(trials, shown)},
                   {"provenance", "Provenance", files}};
  return page;
}

}  // namespace hpcai::runs::report
