#include "hpcai/data/sky/crossmatch.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <set>

#include "hpcai/core/error.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/text.h"
#include "hpcai/data/sky/sky_index.h"
#include "hpcai/data/tables/csv_cell.h"
#include "hpcai/data/tables/row_filter.h"

namespace hpcai::data {
namespace {

constexpr const char* kSeparationColumn = "separation_arcsec";
constexpr int64_t kMostPairs = 200'000'000;
constexpr int64_t kBlock = 4096;  // left rows of a piece of work

struct SkyTable {
  Csv csv;
  std::vector<SkyPosition> positions;
};

SkyTable read_sky_table(const CrossmatchTable& table, const std::string& option) {
  std::vector<std::string> wanted;
  for (const std::string& name : {table.columns.ra, table.columns.dec}) {
    if (!name.empty()) wanted.push_back(name);
  }
  std::optional<RowFilter> filter;
  if (!table.filter.empty()) filter.emplace(table.filter, option + "-filter");
  Csv csv(table.path, wanted);
  if (csv.rows() == 0) throw Error(ExitCode::bad_data, csv.name() + ": a header but no rows");
  if (filter) apply_filter(csv, *filter, option + "-filter");
  auto positions = read_positions(csv, table.columns, option);
  return {std::move(csv), std::move(positions)};
}

std::vector<std::string> column_names(const Csv& left, const Csv& right, const std::string& suffix) {
  std::vector<std::string> names = left.columns();
  for (const std::string& name : right.columns()) names.push_back(name + suffix);
  names.emplace_back(kSeparationColumn);
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) {
      throw Error(ExitCode::usage, fmt::format("the output would have two columns {}", printable(name, 60)),
                  "Give another --suffix, or rename the column in one of the tables.");
    }
  }
  return names;
}

void append_cells(std::string& text, const Csv& csv, const std::optional<int64_t>& row) {
  for (size_t c = 0; c < csv.columns().size(); ++c) {
    if (row) text += csv_cell(csv.cell(*row, c));
    text += ',';
  }
}

std::string to_csv(const SkyTable& left, const SkyTable& right, const std::vector<std::string>& names,
                   const std::vector<SkyMatch>& matches) {
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "" : ",").append(csv_cell(name));
  text += '\n';
  for (const SkyMatch& match : matches) {
    append_cells(text, left.csv, match.left);
    append_cells(text, right.csv, match.right);
    if (match.left && match.right) fmt::format_to(std::back_inserter(text), "{:.6f}", match.separation_arcsec);
    text += '\n';
  }
  return text;
}

CrossmatchCounts count_matches(const SkyTable& left, const SkyTable& right, const std::vector<SkyMatch>& matches) {
  CrossmatchCounts counts{left.csv.rows(), right.csv.rows()};
  std::vector<int> of_right(right.positions.size(), 0);
  std::optional<int64_t> last;
  for (const SkyMatch& match : matches) {
    if (!match.left || !match.right) continue;
    ++counts.pairs;
    counts.matched_left += last != match.left;
    last = match.left;
    ++of_right[static_cast<size_t>(*match.right)];
  }
  for (const int times : of_right) {
    counts.matched_right += times > 0;
    counts.shared_right += times > 1;
  }
  counts.written = static_cast<int64_t>(matches.size());
  return counts;
}

}  // namespace

std::vector<SkyMatch> match_sky(std::span<const SkyPosition> left, std::span<const SkyPosition> right, double radius_arcsec,
                                SkyPairs pairs, KeptRows kept, int threads, const Progress& progress) {
  const SkyIndex index(right);
  const auto rows = static_cast<int64_t>(left.size()), blocks = (rows + kBlock - 1) / kBlock;
  std::vector<std::vector<SkyMatch>> found(static_cast<size_t>(blocks));
  std::atomic<int64_t> total = 0;
  for_each_with_progress(progress, blocks, threads, [&](int64_t block) {
    std::vector<SkyMatch>& matches = found[static_cast<size_t>(block)];
    for (int64_t row = block * kBlock; row < std::min(rows, (block + 1) * kBlock); ++row) {
      const size_t before = matches.size();
      const SkyPosition& centre = left[static_cast<size_t>(row)];
      if (pairs == SkyPairs::nearest) {
        if (const auto one = index.nearest(centre, radius_arcsec)) matches.push_back({row, one->index, one->separation_arcsec});
      } else {
        for (const auto& one : index.within(centre, radius_arcsec)) matches.push_back({row, one.index, one.separation_arcsec});
      }
      total += static_cast<int64_t>(matches.size() - before);
      if (total > kMostPairs) {
        throw Error(ExitCode::usage, fmt::format("more than {} pairs lie within {} arcsec", kMostPairs, radius_arcsec),
                    "Give a smaller --radius, or --pairs nearest.");
      }
      if (matches.size() == before && kept != KeptRows::matched) matches.push_back({row, std::nullopt, 0});
    }
  });
  std::vector<SkyMatch> all;
  for (std::vector<SkyMatch>& matches : found) {
    all.insert(all.end(), matches.begin(), matches.end());
    matches = {};
  }
  if (kept != KeptRows::both) return all;
  std::vector<char> matched(right.size(), 0);
  for (const SkyMatch& match : all) {
    if (match.right) matched[static_cast<size_t>(*match.right)] = 1;
  }
  for (size_t row = 0; row < right.size(); ++row) {
    if (matched[row] == 0) all.push_back({std::nullopt, static_cast<int64_t>(row), 0});
  }
  return all;
}

CrossmatchCounts crossmatch(const CrossmatchSettings& settings, const Progress& progress) {
  require_output(settings.out, "--out", {settings.left.path, settings.right.path});
  const SkyTable left = read_sky_table(settings.left, "--left"), right = read_sky_table(settings.right, "--right");
  const std::vector<std::string> names = column_names(left.csv, right.csv, settings.suffix);
  const auto matches = match_sky(left.positions, right.positions, settings.radius_arcsec, settings.pairs, settings.kept,
                                 settings.threads, progress);
  write_output(settings.out, to_csv(left, right, names, matches), "--out");
  return count_matches(left, right, matches);
}

}  // namespace hpcai::data
