#pragma once

#include <span>

#include "hpcai/data/strain/strain_file.h"

namespace hpcai::data {

// The strain from `from_gps_s` to `to_gps_s`, fit for an analysis of frequencies up to `highest_hz`. Throws what
// StrainFile::read throws; Error{bad_data} that says what the file holds if samples are not finite, with the GPS times of the
// gaps and of the longest stretch without one, if all are zero, and if the rate is too low for `highest_hz`. Warns of seconds
// whose data-quality flag CBC_CAT1 is not set.
Strain clean_strain(const StrainFile& file, double from_gps_s, double to_gps_s, double highest_hz);

// Throws Error{usage} that names the files if two are of one detector.
void require_different_detectors(std::span<const StrainFile> files);

}  // namespace hpcai::data
