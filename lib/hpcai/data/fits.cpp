#include "hpcai/data/fits.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/fits_file.h"
#include "hpcai/data/tables/gzip.h"

namespace hpcai::data {
namespace {

constexpr std::string_view kFitsMagic = "SIMPLE  =";
constexpr size_t kLargestFits = size_t{1} << 31;

// EXTNAMEs of what surveys store beside the images.
constexpr std::array<std::string_view, 14> kNoBands = {"mask", "msk",   "dq",  "flags",    "weight", "wgt",    "wht",
                                                       "err",  "error", "var", "variance", "ivar",   "invvar", "psf"};

std::string first_word(const std::string& text) { return text.substr(0, text.find_first_of(" \t")); }

bool is_called(const FitsPlane& plane, const std::string& name, bool fold) {
  const auto same = [&](const std::string& one) { return fold ? lower_case(one) == lower_case(name) : one == name; };
  return std::any_of(plane.names.begin(), plane.names.end(),
                     [&](const std::string& own) { return same(own) || same(first_word(own)); });
}

bool is_band(const FitsPlane& plane) {
  return std::none_of(kNoBands.begin(), kNoBands.end(),
                      [&](std::string_view name) { return !plane.names.empty() && lower_case(plane.names[0]) == name; });
}

// "1 (g), 2 (r), 3"
std::string list_bands(const std::vector<FitsPlane>& planes) {
  constexpr size_t kMost = 12, kLongest = 40;
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(kMost, planes.size()); ++i) {
    const auto& names = planes[i].names;
    shown.push_back(std::to_string(i + 1) +
                    (names.empty() ? "" : fmt::format(" ({})", printable(std::string_view(names[0]), kLongest))));
  }
  return fmt::format("{}{}", fmt::join(shown, ", "), planes.size() > kMost ? ", ..." : "");
}

const FitsPlane& find_band(const std::vector<FitsPlane>& planes, const std::string& name) {
  for (const bool fold : {false, true}) {
    std::vector<const FitsPlane*> found;
    for (const FitsPlane& plane : planes) {
      if (is_called(plane, name, fold)) found.push_back(&plane);
    }
    if (found.size() == 1) return *found[0];
    if (found.size() > 1) {
      throw ImageError(fmt::format("{} bands are called {}; there are {}", found.size(), printable(std::string_view(name)),
                                   list_bands(planes)));
    }
  }
  const auto position = parse_number<int64_t>(name);
  if (position && *position >= 1 && *position <= static_cast<int64_t>(planes.size())) {
    return planes[static_cast<size_t>(*position - 1)];
  }
  throw ImageError(fmt::format("no band {}; there are {}", printable(std::string_view(name)), list_bands(planes)));
}

std::vector<FitsPlane> choose_bands(std::vector<FitsPlane> planes, const std::vector<std::string>& wanted) {
  std::vector<FitsPlane> chosen;
  for (const std::string& name : wanted) chosen.push_back(find_band(planes, name));
  if (wanted.empty()) std::copy_if(planes.begin(), planes.end(), std::back_inserter(chosen), is_band);
  if (chosen.size() != 1 && chosen.size() != 3) {
    throw ImageError(fmt::format("{} ({}); name 1 band, or those for red, green and blue, in data.preparation.bands",
                                 plural(static_cast<int64_t>(chosen.size()), "band"), list_bands(planes)));
  }
  for (const FitsPlane& plane : chosen) {
    if (plane.height == chosen[0].height && plane.width == chosen[0].width) continue;
    throw ImageError(
        fmt::format("its bands have {} x {} and {} x {} pixels", chosen[0].width, chosen[0].height, plane.width, plane.height));
  }
  return chosen;
}

// The FITS file in the bytes, which are unpacked into `storage` if need be.
std::string_view unpacked_fits(std::string_view bytes, std::string& storage) {
  if (!is_gzip(bytes)) return bytes;
  try {
    storage = gunzip(bytes, "the file", kLargestFits);
  } catch (const Error& error) {
    throw ImageError(error.what());
  }
  return storage;
}

}  // namespace

bool is_fits(std::string_view bytes) {
  if (is_gzip(bytes)) return gunzip_start(bytes, kFitsMagic.size()) == kFitsMagic;
  return bytes.starts_with(kFitsMagic);
}

ImageHeader fits_header(std::string_view bytes) {
  constexpr size_t kStart = size_t{1} << 20;  // images without data have headers of a few kB
  const std::string start = is_gzip(bytes) ? gunzip_start(bytes, kStart) : std::string();
  FitsFile file(is_gzip(bytes) ? std::string_view(start) : bytes);
  const FitsPlane first = file.planes(/*first_only=*/true).front();
  return {ImageFormat::fits, first.height, first.width};
}

BandImage read_fits(std::string_view bytes, const std::vector<std::string>& bands) {
  std::string storage;
  FitsFile file(unpacked_fits(bytes, storage));
  const std::vector<FitsPlane> planes = choose_bands(file.planes(/*first_only=*/false), bands);
  const int64_t height = planes[0].height, width = planes[0].width;
  BandImage image{height, width, {}, {}};
  image.values.resize(planes.size() * static_cast<size_t>(height * width));
  for (const FitsPlane& plane : planes) {
    const int64_t b = image.bands();
    image.names.push_back(plane.names.empty() ? std::to_string(b + 1) : plane.names[0]);
    float* rows = image.band(b);
    file.read(plane, rows);
    if (std::all_of(rows, rows + height * width, [](float value) { return std::isnan(value); })) {
      throw ImageError(fmt::format("band {} has no value: all its pixels are NaN or blank",
                                   printable(std::string_view(image.names.back()), 40)));
    }
    for (int64_t y = 0; y < height / 2; ++y)
      std::swap_ranges(rows + y * width, rows + (y + 1) * width, rows + (height - 1 - y) * width);
  }
  return image;
}

}  // namespace hpcai::data
