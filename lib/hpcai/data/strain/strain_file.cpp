#include "hpcai/data/strain/strain_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/hdf5/hdf5_failure.h"
#include "hpcai/data/hdf5/hdf5_file.h"
#include "hpcai/data/hdf5/hdf5_trial.h"

namespace hpcai::data {
namespace {

constexpr const char* kStrain = "strain/Strain";
constexpr const char* kQuality = "quality/simple/DQmask";
constexpr const char* kFlags = "quality/simple/DQShortnames";
constexpr const char* kSourceRemedy =
    "The HDF5 files of https://gwosc.org/data have this layout: strain/Strain with Xstart and Xspacing, meta/Detector.";
constexpr std::array<std::string_view, 3> kDetectors = {"H1", "L1", "V1"};

[[noreturn]] void refuse(const std::string& where, const std::string& cause) { refuse_data(where, cause, kSourceRemedy); }

std::string detector_of(const Hdf5File& file) {
  const std::vector<std::string> names = file.text_values("meta/Detector");
  if (names.size() != 1) refuse(file.name(), "does not name its detector in meta/Detector");
  if (std::ranges::find(kDetectors, names[0]) == kDetectors.end()) {
    refuse_data(file.name(), fmt::format("is of the detector {}", printable(names[0])),
                fmt::format("Known are {}.", fmt::join(kDetectors, ", ")));
  }
  return names[0];
}

// Samples a second: a power of two, so that times of samples are exact numbers.
double rate_of(const Hdf5File& file, const Hdf5Array& values) {
  const auto rows = static_cast<double>(values.rows());
  std::optional<double> spacing = file.number(kStrain, "Xspacing");
  if (!spacing) {
    const std::optional<double> duration = file.number("meta/Duration");
    if (!duration) refuse(values.where(), "has no attribute Xspacing, and there is no meta/Duration");
    spacing = *duration / rows;
  }
  const double rate = std::round(1 / *spacing);
  const bool close = *spacing > 0 && std::abs(rate * *spacing - 1) < 1e-6;
  if (!close || rate < 1 || rate > 1 << 20 || std::exp2(std::round(std::log2(rate))) != rate) {
    refuse_data(values.where(), fmt::format("one sample every {:g} s, expected a rate that is a power of two in Hz", *spacing),
                "Files of 4096 and 16384 Hz are at https://gwosc.org/data.");
  }
  return rate;
}

double start_of(const Hdf5File& file, const Hdf5Array& values) {
  const std::optional<double> attribute = file.number(kStrain, "Xstart"), meta = file.number("meta/GPSstart");
  if (!attribute && !meta) refuse(values.where(), "has no attribute Xstart, and there is no meta/GPSstart");
  const double start = attribute.value_or(meta.value_or(0));
  if (meta && *meta != start) {
    refuse(file.name(),
           fmt::format("starts at GPS {:.10g} by the attribute Xstart but at {:.10g} by meta/GPSstart", start, *meta));
  }
  if (!std::isfinite(start) || start < 0 || start > 1e11) refuse(file.name(), fmt::format("starts at GPS {:g}", start));
  return start;
}

void check_count(const Hdf5File& file, const Hdf5Array& values) {
  const std::optional<double> points = file.number(kStrain, "Npoints");
  if (points && *points != static_cast<double>(values.rows())) {
    refuse_data(values.where(), fmt::format("has {} samples, but its attribute Npoints says {:.0f}", values.rows(), *points),
                kDamagedRemedy);
  }
}

}  // namespace

StrainFile::StrainFile(const std::filesystem::path& path) {
  try_in_child(path.string(), [&] { open(path.string()); });
  open(path.string());
}

void StrainFile::open(const std::string& path) {
  const Hdf5File file(path);
  name_ = file.name();
  if (!file.has(kStrain)) refuse(name_, "has no data set strain/Strain");
  values_ = file.array(kStrain, 1);
  if (values_->type() == ElementType::uint8 || values_->type() == ElementType::other_integer) {
    refuse(values_->where(), fmt::format("its values are {}, expected floats", values_->type_name()));
  }
  check_count(file, *values_);
  detector_ = detector_of(file);
  rate_hz_ = rate_of(file, *values_);
  start_gps_s_ = start_of(file, *values_);
  if (!file.has(kQuality)) return;
  flags_ = file.text_values(kFlags);
  const Hdf5Array quality = file.array(kQuality, 1);
  if (static_cast<double>(quality.rows()) == end_gps_s() - start_gps_s_) quality_ = quality.read_all();
}

std::string StrainFile::holds() const {
  return fmt::format("{} holds {} from GPS {:.10g} to {:.10g} at {:g} Hz", name_, detector_, start_gps_s_, end_gps_s(), rate_hz_);
}

Strain StrainFile::read(double from_gps_s, double to_gps_s) const {
  // GPS seconds have 2.4e-7 s in double precision, so a time counts as that of a sample if it is nearly so.
  constexpr double kTolerance = 0.01;
  const double first = std::floor((from_gps_s - start_gps_s_) * rate_hz_ + kTolerance);
  const double end = std::ceil((to_gps_s - start_gps_s_) * rate_hz_ - kTolerance);
  if (!(first >= 0 && end <= static_cast<double>(values_->rows()) && first < end)) {
    throw Error(ExitCode::usage, fmt::format("{}, not GPS {:.13g} to {:.13g}", holds(), from_gps_s, to_gps_s),
                "Choose another time, or the file of this time: https://gwosc.org/data lists them by GPS time.");
  }
  return {detector_, start_gps_s_ + first / rate_hz_, rate_hz_,
          values_->read_rows(static_cast<int64_t>(first), static_cast<int64_t>(end - first))};
}

std::vector<int64_t> StrainFile::seconds_without(const std::string& flag, double from_gps_s, double to_gps_s) const {
  std::vector<int64_t> seconds;
  const auto found = std::ranges::find(flags_, flag);
  if (found == flags_.end()) return seconds;
  const double bit = std::exp2(found - flags_.begin());
  for (size_t i = 0; i < quality_.size(); ++i) {
    const double second = start_gps_s_ + static_cast<double>(i);
    const bool met = second + 1 > from_gps_s && second < to_gps_s;
    if (met && std::fmod(std::floor(quality_[i] / bit), 2) == 0) seconds.push_back(static_cast<int64_t>(second));
  }
  return seconds;
}

}  // namespace hpcai::data
