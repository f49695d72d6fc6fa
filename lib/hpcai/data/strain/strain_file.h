#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/data/hdf5/hdf5_array.h"

namespace hpcai::data {

// The strain that one detector measured, evenly sampled: value k at start_gps_s + k / rate_hz.
struct Strain {
  std::string detector;  // "H1"
  double start_gps_s = 0;
  double rate_hz = 0;
  std::vector<double> values;
};

// A file of detector strain in the HDF5 layout of the Gravitational-Wave Open Science Center (gwosc.org), versions 1 to 4:
// strain/Strain [n] (float32 or float64) with attributes Xstart, Xspacing and Npoints; meta/Detector; meta/GPSstart and
// meta/Duration, which take the place of missing attributes; quality/simple/DQmask, one integer a second, with
// quality/simple/DQShortnames. Values are read when they are asked for: a file of 4096 s at 16 kHz holds 537 MB.
class StrainFile {
 public:
  // Throws Error{missing_input} if there is no such file, Error{bad_data} if it is no HDF5 file of this layout, its detector is
  // none of H1, L1 and V1, its rate is no power of two, or its numbers contradict each other.
  explicit StrainFile(const std::filesystem::path& path);

  const std::string& name() const { return name_; }  // of the file, fit for messages
  const std::string& detector() const { return detector_; }
  double start_gps_s() const { return start_gps_s_; }
  double end_gps_s() const {
    return start_gps_s_ + static_cast<double>(values_->rows()) / rate_hz_;
  }  // of the last sample's span
  double rate_hz() const { return rate_hz_; }
  // "H-H1_LOSC_4_V2-1126259446-32.hdf5 holds H1 from GPS 1126259446 to 1126259478 at 4096 Hz"
  std::string holds() const;

  // The samples from the last one at or before `from_gps_s` to the last one before `to_gps_s`, as they are; gaps are NaN.
  // Throws Error{usage} if the file does not hold these times, Error{bad_data} if they cannot be read.
  Strain read(double from_gps_s, double to_gps_s) const;

  // The GPS seconds that [from, to) meets and whose data-quality flag `flag` ("CBC_CAT1") is not set. Empty if the file has no
  // such flag.
  std::vector<int64_t> seconds_without(const std::string& flag, double from_gps_s, double to_gps_s) const;

 private:
  void open(const std::string& path);

  std::string name_;
  std::string detector_;
  double start_gps_s_ = 0, rate_hz_ = 0;
  std::optional<Hdf5Array> values_;
  std::vector<std::string> flags_;  // bit by bit of quality_
  std::vector<double> quality_;     // second by second
};

}  // namespace hpcai::data
