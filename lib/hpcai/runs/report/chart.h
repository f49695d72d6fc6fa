#pragma once

#include <string>
#include <vector>

namespace hpcai::runs::report {

// A column of the numbers of a chart.
struct Column {
  std::string name{};            // with its unit, as an axis shows it: "time (min)"
  std::vector<double> values{};  // one for each row; NaN where there is none
};

enum class ChartKind {
  lines,   // values over the chosen axis, joined
  points,  // the same, not joined
  bars,    // one bar for each row, of parts that are put end to end
};

// A chart and the table of its numbers, which have equal lengths. In the page the table is the data: the script of the page
// draws the chart from it, so that both show the same numbers, and a reader without the script has the table.
struct Chart {
  std::string id{};           // within the page
  std::string title{};        // "Loss"
  std::string explanation{};  // one sentence below the title; may be empty
  ChartKind kind = ChartKind::lines;
  std::string unit{};                 // of all series, for the vertical axis (of bars: the horizontal one)
  std::vector<std::string> groups{};  // the group of each row, such as its run: a line each; or the label of each bar; or empty
  std::string group_name = "run";
  std::vector<Column> axes{};    // the quantities that the horizontal axis can show; the first is chosen at the beginning
  std::vector<Column> series{};  // the quantities that are drawn
  bool log_x = false, log_y = false;
  std::string note{};  // what was left out; may be empty

  size_t rows() const { return series.empty() ? 0 : series.front().values.size(); }
};

// Returns a <figure>. Rows without a number in any series are left out. Empty if no row is left.
std::string html_of(const Chart& chart);

}  // namespace hpcai::runs::report
