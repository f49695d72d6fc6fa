#include "hpcai/data/strain/select_strain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"

namespace hpcai::data {
namespace {

constexpr const char* kBasicFlag = "CBC_CAT1";  // without it, GWOSC says, the data cannot be analysed

// Samples first ... end - 1.
struct Stretch {
  size_t first = 0, end = 0;
};

// The maximal stretches of samples that are finite, or not.
std::vector<Stretch> stretches(const std::vector<double>& values, bool finite) {
  std::vector<Stretch> found;
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i]) != finite) continue;
    if (found.empty() || found.back().end != i) found.push_back({i, i});
    ++found.back().end;
  }
  return found;
}

std::string times_of(const Strain& strain, const Stretch& stretch) {
  const auto time = [&](size_t i) { return strain.start_gps_s + static_cast<double>(i) / strain.rate_hz; };
  return fmt::format("{:.13g} to {:.13g}", time(stretch.first), time(stretch.end));
}

[[noreturn]] void refuse_gaps(const StrainFile& file, const Strain& strain, const std::vector<Stretch>& gaps) {
  constexpr size_t kMost = 5;
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min(gaps.size(), kMost); ++i) names.push_back(times_of(strain, gaps[i]));
  if (gaps.size() > kMost) names.push_back(fmt::format("{} more", gaps.size() - kMost));
  const std::vector<Stretch> clean = stretches(strain.values, true);
  const auto longest = std::ranges::max_element(clean, {}, [](const Stretch& stretch) { return stretch.end - stretch.first; });
  throw Error(ExitCode::bad_data, fmt::format("{}; there are no data at GPS {}", file.holds(), fmt::join(names, ", ")),
              longest == clean.end() ? std::string("Choose another time.")
                                     : fmt::format("Choose another time. The longest stretch without a gap here is GPS {}.",
                                                   times_of(strain, *longest)));
}

}  // namespace

Strain clean_strain(const StrainFile& file, double from_gps_s, double to_gps_s, double highest_hz) {
  if (file.rate_hz() <= 2 * highest_hz) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}, which is too low a rate for frequencies up to {:g} Hz", file.holds(), highest_hz),
                "Take the file of a higher rate, or lower the highest frequency.");
  }
  Strain strain = file.read(from_gps_s, to_gps_s);
  const std::vector<Stretch> gaps = stretches(strain.values, false);
  if (!gaps.empty()) refuse_gaps(file, strain, gaps);
  if (std::ranges::all_of(strain.values, [](double value) { return value == 0; })) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}; all samples from {:.13g} to {:.13g} are zero", file.holds(), from_gps_s, to_gps_s),
                "Choose another time, or copy the file again.");
  }
  const std::vector<int64_t> poor = file.seconds_without(kBasicFlag, from_gps_s, to_gps_s);
  if (!poor.empty()) {
    log::warning("{}: the data-quality flag {} is not set in {} from GPS {} on", file.name(), kBasicFlag,
                 plural(static_cast<int64_t>(poor.size()), "second"), poor.front());
  }
  return strain;
}

void require_different_detectors(std::span<const StrainFile> files) {
  std::map<std::string, std::string> seen;
  for (const StrainFile& file : files) {
    const auto [other, is_new] = seen.emplace(file.detector(), file.name());
    if (is_new) continue;
    throw Error(ExitCode::usage,
                fmt::format("{} and {} are both of the detector {}", other->second, file.name(), file.detector()),
                "Give one file for each detector.");
  }
}

}  // namespace hpcai::data
