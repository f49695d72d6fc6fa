#include "hpcai/data/same_objects.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <unordered_map>

#include "hpcai/core/text.h"
#include "hpcai/data/sky/crossmatch.h"

namespace hpcai::data {
namespace {

constexpr size_t kCounterDigits = 6;

bool remove_ending(std::string_view& name, std::string_view ending) {
  if (name.size() <= ending.size() || lower_case(name.substr(name.size() - ending.size())) != ending) return false;
  name.remove_suffix(ending.size());
  return true;
}

// The samples that have a position, and which they are.
struct Located {
  explicit Located(const Positions& positions) {
    for (size_t i = 0; i < positions.size(); ++i) {
      if (!positions[i]) continue;
      where.push_back(*positions[i]);
      index.push_back(static_cast<int64_t>(i));
    }
  }
  std::vector<SkyPosition> where;
  std::vector<int64_t> index;
};

}  // namespace

std::string object_name(std::string_view id) {
  std::string_view name = id.substr(id.rfind('/') + 1);  // the whole where there is none
  bool is_file = false;
  for (const std::string_view packed : {".gz", ".fz"}) remove_ending(name, packed);
  for (const std::string_view ending : {".jpg", ".jpeg", ".png", ".fits", ".fit", ".fts"}) {
    is_file = is_file || remove_ending(name, ending);
  }
  const bool counts_rows = !is_file && name.size() <= kCounterDigits && std::all_of(name.begin(), name.end(), is_digit);
  return counts_rows ? "" : std::string(name);
}

bool may_be_counter(std::string_view name) {
  size_t digits = 0;
  while (digits < name.size() && is_digit(name[name.size() - 1 - digits])) ++digits;
  const std::string_view word = name.substr(0, name.size() - digits);
  return digits > 0 && digits <= kCounterDigits && std::all_of(word.begin(), word.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
         });
}

std::vector<SharedObject> same_names(const Dataset& first, const Dataset& second) {
  std::unordered_map<std::string, int64_t> sample_of;
  for (int64_t i = 0; i < first.size(); ++i) {
    if (std::string name = object_name(first.id(i)); !name.empty()) sample_of.emplace(std::move(name), i);
  }
  std::vector<SharedObject> shared;
  for (int64_t i = 0; i < second.size(); ++i) {
    const auto found = sample_of.find(object_name(second.id(i)));
    if (found != sample_of.end()) shared.push_back({found->second, i, 0});
  }
  return shared;
}

Positions sky_positions(const ImageFolderConfig& config, const Dataset& split) {
  const Csv csv(std::filesystem::path(config.folder) / config.catalogue, {config.file_column, config.label_column});
  const auto columns = known_sky_columns(csv);
  if (!columns) return {};
  const size_t file = csv.column(config.file_column), ra = csv.column(columns->ra), dec = csv.column(columns->dec);
  std::unordered_map<std::string, SkyPosition> position_of;
  for (int64_t row = 0; row < csv.rows(); ++row) {
    const auto longitude = right_ascension_deg(csv.cell(row, ra)), latitude = declination_deg(csv.cell(row, dec));
    if (!longitude || !latitude) continue;
    position_of.emplace(std::filesystem::path(csv.cell(row, file)).lexically_normal().string(),
                        SkyPosition{*longitude, *latitude});
  }
  Positions positions(static_cast<size_t>(split.size()));
  for (int64_t i = 0; i < split.size(); ++i) {
    const std::string id = split.id(i);
    auto found = position_of.find(id);
    // samples of several sources are called "0/<id>", "1/<id>", ...; the first is the one of `data`
    if (found == position_of.end() && id.starts_with("0/")) found = position_of.find(id.substr(2));
    if (found != position_of.end()) positions[static_cast<size_t>(i)] = found->second;
  }
  return positions;
}

std::vector<SharedObject> same_positions(const Positions& first, const Positions& second, double radius_arcsec, int threads) {
  const Located left(second), right(first);
  std::vector<SharedObject> shared;
  if (left.where.empty() || right.where.empty()) return shared;
  for (const SkyMatch& match :
       match_sky(left.where, right.where, radius_arcsec, SkyPairs::nearest, KeptRows::matched, threads, {})) {
    shared.push_back(
        {right.index[static_cast<size_t>(*match.right)], left.index[static_cast<size_t>(*match.left)], match.separation_arcsec});
  }
  return shared;
}

}  // namespace hpcai::data
