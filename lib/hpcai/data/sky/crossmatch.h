#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hpcai/data/progress.h"
#include "hpcai/data/sky/sky_position.h"

namespace hpcai::data {

enum class SkyPairs { nearest, all };         // of a left row: the nearest right row within the radius, or all
enum class KeptRows { matched, left, both };  // rows without a match that stay: none, those of the left table, those of both

// A row of the left table with one of the right; one of them may be missing.
struct SkyMatch {
  std::optional<int64_t> left, right;
  double separation_arcsec = 0;  // where both are there
};

// In the order of the left rows, of one row in the order of the separations; then right rows without a match. `threads`: 0 = all
// cores. Throws Error{usage} if there are more than 200,000,000 pairs.
std::vector<SkyMatch> match_sky(std::span<const SkyPosition> left, std::span<const SkyPosition> right, double radius_arcsec,
                                SkyPairs pairs, KeptRows kept, int threads, const Progress& progress);

struct CrossmatchTable {
  std::filesystem::path path;
  SkyColumns columns;
  std::string filter;  // a condition (filter_syntax.h) on its rows; empty = all
};

struct CrossmatchSettings {
  CrossmatchTable left, right;
  std::filesystem::path out;
  double radius_arcsec = 1;
  SkyPairs pairs = SkyPairs::nearest;
  KeptRows kept = KeptRows::matched;
  std::string suffix = "_right";
  int threads = 0;
};

struct CrossmatchCounts {
  int64_t left = 0, right = 0;                  // rows
  int64_t matched_left = 0, matched_right = 0;  // rows with a match
  int64_t shared_right = 0;                     // right rows that match several left rows
  int64_t pairs = 0;
  int64_t written = 0;  // rows of the output
};

// Reads both tables and writes the matches as CSV: the columns of the left table, those of the right with the suffix, and
// separation_arcsec. Cells are empty where a row has no match. Throws Error{missing_input}, Error{bad_data} that names the row,
// for example of coordinates that are missing, Error{usage} for columns of equal names, and Error{cannot_write}.
CrossmatchCounts crossmatch(const CrossmatchSettings& settings, const Progress& progress);

}  // namespace hpcai::data
