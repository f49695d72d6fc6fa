#include "hpcai/runs/report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "hpcai/core/text.h"
#include "hpcai/runs/report/html.h"

namespace hpcai::runs::report {
namespace {

std::string_view name_of(ChartKind kind) {
  switch (kind) {
    case ChartKind::lines: return "lines";
    case ChartKind::points: return "points";
    case ChartKind::bars: return "bars";
  }
  return "";
}

bool has_numbers(const Chart& chart, size_t row) {
  return std::ranges::any_of(chart.series, [&](const Column& column) { return std::isfinite(column.values[row]); });
}

std::string heading(std::string_view role, std::string_view name) {
  return element("th", {{"scope", "col"}, {"data-role", role}}, escaped(name));
}

// HTML needs no end tags of cells and rows; without them a page of many numbers is smaller.
std::string row_html(const Chart& chart, size_t row) {
  std::string html = "<tr>";
  if (!chart.groups.empty()) html += "<td>" + escaped(chart.groups[row]);
  for (const auto* columns : {&chart.axes, &chart.series}) {
    for (const Column& column : *columns) html += "<td>" + exact(column.values[row]);
  }
  return html + "\n";
}

std::string table_html(const Chart& chart) {
  std::string head;
  if (!chart.groups.empty()) head += heading("group", chart.group_name);
  for (const Column& column : chart.axes) head += heading("axis", column.name);
  for (const Column& column : chart.series) head += heading("series", column.name);
  std::string rows;
  for (size_t row = 0; row < chart.rows(); ++row) {
    if (has_numbers(chart, row)) rows += row_html(chart, row);
  }
  if (rows.empty()) return "";
  return element("table", {},
                 element("caption", "Numbers of the chart: " + chart.title) + element("thead", {}, element("tr", {}, head)) +
                     element("tbody", {}, rows));
}

}  // namespace

std::string html_of(const Chart& chart) {
  const std::string table = table_html(chart);
  if (table.empty()) return "";
  std::string html =
      element("figcaption", {}, element("h3", chart.title) + (chart.explanation.empty() ? "" : element("p", chart.explanation)));
  html += element("div", {{"class", "plot"}}, "");
  if (!chart.note.empty()) html += element("p", {{"class", "note"}}, escaped(chart.note));
  const std::string label = "Numbers of the chart: " + chart.title;
  html += folded(chart.id + "-numbers", "Numbers",
                 element("div", {{"class", "scroll"}, {"role", "region"}, {"tabindex", "0"}, {"aria-label", label}}, table));
  return element("figure",
                 {{"class", "chart"},
                  {"id", chart.id},
                  {"data-kind", name_of(chart.kind)},
                  {"data-unit", chart.unit},
                  {"data-log", fmt::format("{}{}", chart.log_x ? "x" : "", chart.log_y ? "y" : "")}},
                 html) +
         "\n";
}

}  // namespace hpcai::runs::report
