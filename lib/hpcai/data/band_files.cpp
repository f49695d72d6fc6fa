#include "hpcai/data/band_files.h"

#include <fmt/format.h>

#include "hpcai/core/text.h"
#include "hpcai/data/fits.h"
#include "hpcai/data/regular_file.h"

namespace hpcai::data {
namespace {

// Calls read(path) for the file of each band; ImageErrors name the band.
template <class Read>
void for_each_band(const std::filesystem::path& name, const std::vector<std::string>& bands, const Read& read) {
  for (const std::string& band : bands) {
    try {
      read(band_file(name, band));
    } catch (const ImageError& error) {
      throw ImageError(fmt::format("band {}: {}", printable(std::string_view(band), 40), error.what()));
    }
  }
}

// `of`: of the first band; it is 0 x 0 before that.
void check_equal_size(const ImageHeader& of, int64_t height, int64_t width) {
  if (of.height == 0 || (of.height == height && of.width == width)) return;
  throw ImageError(fmt::format("{} x {} pixels, and the first band {} x {}", width, height, of.width, of.height));
}

}  // namespace

std::filesystem::path band_file(const std::filesystem::path& name, const std::string& band) {
  std::string path = name.string();
  for (size_t at = path.find(kBandPlace); at != std::string::npos; at = path.find(kBandPlace, at + band.size())) {
    path.replace(at, kBandPlace.size(), band);
  }
  return path;
}

ImageHeader read_band_headers(const std::filesystem::path& name, const std::vector<std::string>& bands) {
  ImageHeader all;
  for_each_band(name, bands, [&](const std::filesystem::path& path) {
    const ImageHeader header = read_image_header(path);
    if (header.format != ImageFormat::fits) throw ImageError("no FITS file");
    check_equal_size(all, header.height, header.width);
    all = header;
  });
  return all;
}

BandImage read_band_files(const std::filesystem::path& name, const std::vector<std::string>& bands) {
  BandImage all;
  for_each_band(name, bands, [&](const std::filesystem::path& path) {
    const BandImage one = read_fits(read_regular_file(path.string()), {});
    if (one.bands() != 1) throw ImageError(fmt::format("{} bands in the file of one", one.bands()));
    check_equal_size({ImageFormat::fits, all.height, all.width}, one.height, one.width);
    all.height = one.height;
    all.width = one.width;
    all.values.insert(all.values.end(), one.values.begin(), one.values.end());
  });
  all.names = bands;
  return all;
}

}  // namespace hpcai::data
