#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/data/tables/csv.h"

namespace hpcai::data {

// A direction on the sky.
struct SkyPosition {
  double ra_deg = 0;
  double dec_deg = 0;
};

// [x, y, z] of length 1; z points to the north pole.
std::array<double, 3> unit_vector(const SkyPosition& position);

// The angle between two directions, by the haversine formula: as exact as the coordinates for small angles, to 0.002 arcsec near
// 180 degrees.
double separation_arcsec(const SkyPosition& a, const SkyPosition& b);

// Right ascension and declination in degrees, of a cell that holds degrees or three numbers separated by colons or blanks: hours,
// minutes and seconds, or degrees, minutes and seconds of arc. Nothing for other texts and for values out of range: -360 to 360
// degrees, 0 to 24 hours, -90 to 90 degrees.
std::optional<double> right_ascension_deg(std::string_view cell);
std::optional<double> declination_deg(std::string_view cell);

// How the columns are called; where one is empty, the first pair of the names that catalogues use (ra and dec, RAJ2000 and
// DEJ2000, ALPHA_J2000 and DELTA_J2000, ...), in upper or lower case.
struct SkyColumns {
  std::string ra, dec;
};

// The first pair of these names that a table has; nothing if it has none.
std::optional<SkyColumns> known_sky_columns(const Csv& csv);

// The positions of all rows. Throws Error{bad_data} for columns that are not there and for cells that hold no coordinate, with
// the row; `option` names the options in remedies ("--left").
std::vector<SkyPosition> read_positions(const Csv& csv, const SkyColumns& columns, const std::string& option);

}  // namespace hpcai::data
