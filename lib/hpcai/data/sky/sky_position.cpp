#include "hpcai/data/sky/sky_position.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/tables/csv_record.h"
#include "hpcai/data/tables/numeric_cell.h"

namespace hpcai::data {
namespace {

constexpr double kRadiansPerDegree = std::numbers::pi / 180;

constexpr std::array<std::pair<const char*, const char*>, 12> kSkyNames = {{{"ra", "dec"},
                                                                            {"ra_deg", "dec_deg"},
                                                                            {"raj2000", "dej2000"},
                                                                            {"raj2000", "decj2000"},
                                                                            {"_raj2000", "_dej2000"},
                                                                            {"ra_icrs", "de_icrs"},
                                                                            {"alpha_j2000", "delta_j2000"},
                                                                            {"alphawin_j2000", "deltawin_j2000"},
                                                                            {"alpha", "delta"},
                                                                            {"ra_j2000", "dec_j2000"},
                                                                            {"ramean", "decmean"},
                                                                            {"right_ascension", "declination"}}};

// "-00:30:15.2" and "-00 30 15.2" in units of the first number; nothing for other texts.
std::optional<double> sexagesimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  double parts[3];
  for (int i = 0; i < 3; ++i) {
    if (i > 0) {
      const size_t begin = text.find_first_not_of(" :");
      if (begin == 0 || begin == std::string_view::npos) return std::nullopt;
      text.remove_prefix(begin);
    }
    if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
    const auto number = take_number<double>(text);
    if (!number || (i > 0 && *number >= 60) || (i < 2 && *number != std::floor(*number))) return std::nullopt;
    parts[i] = *number;
  }
  if (!text.empty()) return std::nullopt;
  const double value = parts[0] + parts[1] / 60 + parts[2] / 3600;
  return negative ? -value : value;
}

// A number, or one in three parts whose unit is `degrees` degrees.
std::optional<double> coordinate(std::string_view cell, double degrees) {
  const std::string_view text = trim_cell(cell);
  if (text.find_first_of(" :") == std::string_view::npos) return number_of_cell(text);
  const auto value = sexagesimal(text);
  return value ? std::optional(*value * degrees) : std::nullopt;
}

SkyColumns find_columns(const Csv& csv, const SkyColumns& given, const std::string& option) {
  if (!given.ra.empty() && !given.dec.empty()) return given;
  if (const auto known = known_sky_columns(csv)) {
    return {given.ra.empty() ? known->ra : given.ra, given.dec.empty() ? known->dec : given.dec};
  }
  std::string names;
  for (size_t i = 0; i < std::min<size_t>(csv.columns().size(), 20); ++i) {
    names += (i == 0 ? "" : ", ") + printable(csv.columns()[i], 60);
  }
  throw Error(ExitCode::bad_data,
              fmt::format("{}: no columns ra and dec, nor others that are known; there are {}", csv.name(), names),
              fmt::format("Name them with {}-ra and {}-dec.", option, option));
}

}  // namespace

std::array<double, 3> unit_vector(const SkyPosition& position) {
  const double ra = position.ra_deg * kRadiansPerDegree, dec = position.dec_deg * kRadiansPerDegree;
  return {std::cos(dec) * std::cos(ra), std::cos(dec) * std::sin(ra), std::sin(dec)};
}

double separation_arcsec(const SkyPosition& a, const SkyPosition& b) {
  const double dec = std::sin(0.5 * kRadiansPerDegree * (a.dec_deg - b.dec_deg));
  const double ra = std::sin(0.5 * kRadiansPerDegree * std::remainder(a.ra_deg - b.ra_deg, 360.0));
  const double squared = dec * dec + std::cos(a.dec_deg * kRadiansPerDegree) * std::cos(b.dec_deg * kRadiansPerDegree) * ra * ra;
  return 2 * std::asin(std::sqrt(std::min(1.0, squared))) / kRadiansPerDegree * 3600;
}

std::optional<double> right_ascension_deg(std::string_view cell) {
  constexpr double kDegreesPerHour = 15;
  const auto value = coordinate(cell, kDegreesPerHour);
  return value && std::abs(*value) <= 360 ? value : std::nullopt;
}

std::optional<double> declination_deg(std::string_view cell) {
  const auto value = coordinate(cell, 1);
  return value && std::abs(*value) <= 90 ? value : std::nullopt;
}

std::optional<SkyColumns> known_sky_columns(const Csv& csv) {
  for (const auto& [ra, dec] : kSkyNames) {
    if (csv.has_column(ra) && csv.has_column(dec)) return SkyColumns{ra, dec};
  }
  return std::nullopt;
}

std::vector<SkyPosition> read_positions(const Csv& csv, const SkyColumns& columns, const std::string& option) {
  const SkyColumns names = find_columns(csv, columns, option);
  const size_t ra = csv.column(names.ra), dec = csv.column(names.dec);
  std::vector<SkyPosition> positions;
  positions.reserve(static_cast<size_t>(csv.rows()));
  for (int64_t row = 0; row < csv.rows(); ++row) {
    const auto longitude = right_ascension_deg(csv.cell(row, ra)), latitude = declination_deg(csv.cell(row, dec));
    if (!longitude || !latitude) {
      const size_t column = longitude ? dec : ra;
      throw Error(
          ExitCode::bad_data,
          fmt::format("{}: column {} holds '{}', no {}", csv.where(row), printable(csv.columns()[column], 60),
                      printable(csv.cell(row, column), 40),
                      longitude ? "declination of -90 to 90 degrees" : "right ascension of -360 to 360 degrees"),
          fmt::format("Correct the row, or leave it out with {}-filter. Degrees, or 07:52:05.39 and +18:40:08.0, are read.",
                      option));
    }
    positions.push_back({*longitude, *latitude});
  }
  return positions;
}

}  // namespace hpcai::data
