#include "hpcai/data/fits_file.h"

#include <fitsio.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/fits_header.h"
#include "hpcai/data/fits_tiles.h"

namespace hpcai::data {
namespace {

constexpr int kMostHdus = 1000, kMostAxes = 9;
constexpr int64_t kMostPlanes = 10000;

// The library's decoders of other methods do not check the bytes that they read.
constexpr std::array<std::string_view, 5> kTileMethods = {"RICE_1", "RICE_ONE", "GZIP_1", "GZIP_2", "NOCOMPRESS"};

fitsfile* library_file(void* file) { return static_cast<fitsfile*>(file); }

std::unique_lock<std::mutex> lock_library() {
  static std::mutex mutex;
  return fits_is_reentrant() != 0 ? std::unique_lock<std::mutex>() : std::unique_lock(mutex);
}

}  // namespace

FitsFile::FitsFile(std::string_view bytes) : lock_(lock_library()), size_(static_cast<double>(bytes.size())), bytes_(bytes) {
  constexpr size_t kBlock = 2880;
  check_fits_header(bytes);
  bytes_.resize((bytes.size() + kBlock - 1) / kBlock * kBlock, '\0');
  start_ = bytes_.data();
  padded_ = bytes_.size();
  fitsfile* file = nullptr;
  fits_open_memfile(&file, "image", READONLY, &start_, &padded_, 0, nullptr, &status_);
  file_ = file;
  check();
}

FitsFile::~FitsFile() {
  int ignored = 0;
  if (file_ != nullptr) fits_close_file(library_file(file_), &ignored);
}

void FitsFile::check() const {
  if (status_ == 0) return;
  char text[FLEN_ERRMSG] = "";
  fits_get_errstatus(status_, text);
  fits_clear_errmsg();
  throw ImageError(status_ == END_OF_FILE ? kCutOffFits : fmt::format("damaged FITS: {}", printable(std::string_view(text))));
}

// The library keeps the kind of rounding of the compressed image that it was at, unless the next header tells of another. What is
// rounded would then be taken for floats.
void FitsFile::move_to(int hdu) {
  fitsfile* const file = library_file(file_);
  int now = 0;
  fits_get_hdu_num(file, &now);
  const float level = std::exchange(file->Fptr->quantize_level, now == hdu ? file->Fptr->quantize_level : 0);
  fits_movabs_hdu(file, hdu, nullptr, &status_);
  if (status_ != 0) file->Fptr->quantize_level = level;
}

// What follows the last part and does not begin as one is no part of the file's content: FITS allows such special records.
bool FitsFile::find(int hdu) {
  LONGLONG end = 0;
  if (hdu > 1) fits_get_hduaddrll(library_file(file_), nullptr, nullptr, &end, &status_);
  check();
  const auto rest = std::string_view(bytes_).substr(std::min(bytes_.size(), static_cast<size_t>(std::max<LONGLONG>(0, end))));
  const bool is_extension = rest.starts_with("XTENSION");
  if (is_extension) check_fits_header(rest);
  move_to(hdu);
  if (status_ != 0 && hdu > 1 && !is_extension) {
    status_ = 0;
    fits_clear_errmsg();
    return false;
  }
  check();
  return true;
}

std::string FitsFile::text(const std::string& key) {
  char value[FLEN_VALUE] = "";
  int status = 0;
  fits_read_key(library_file(file_), TSTRING, key.c_str(), value, nullptr, &status);
  if (status != 0) fits_clear_errmsg();
  return status == 0 ? std::string(trim(value)) : "";
}

void FitsFile::check_all_there() {
  fitsfile* const file = library_file(file_);
  LONGLONG data_start = 0, end = 0;
  fits_get_hduaddrll(file, nullptr, &data_start, &end, &status_);
  check();
  const FITSfile& hdu = *file->Fptr;
  const double rows = static_cast<double>(hdu.rowlength) * static_cast<double>(hdu.numrows);
  const double bytes = rows + static_cast<double>(hdu.heapsize);
  if (bytes > 0 && static_cast<double>(data_start) + bytes > size_) throw ImageError(kCutOffFits);
  // The library counts a gap twice.
  if (end > static_cast<LONGLONG>(bytes_.size())) throw ImageError("FITS: a table with a gap before its heap is not read");
}

void FitsFile::check_compression() {
  if (fits_is_compressed_image(library_file(file_), &status_) == 0) return check();
  const std::string method = text("ZCMPTYPE");
  if (std::find(kTileMethods.begin(), kTileMethods.end(), method) != kTileMethods.end()) return;
  throw ImageError(fmt::format("its tiles are compressed with {}; Rice and gzip are read", printable(std::string_view(method))));
}

void FitsFile::add_planes(int hdu, std::vector<FitsPlane>& planes) {
  int bits = 0, axes = 0;
  std::array<LONGLONG, kMostAxes> sides{};
  fits_get_img_paramll(library_file(file_), kMostAxes, &bits, &axes, sides.data(), &status_);
  check();
  if (axes > kMostAxes) throw ImageError(fmt::format("a FITS image of {} axes", axes));
  int used = axes;
  while (used > 2 && sides[static_cast<size_t>(used) - 1] == 1) --used;
  if (used < 2) return;  // a header without an image, or a spectrum
  if (used > 3) throw ImageError(fmt::format("a FITS image of {} axes; 2, or 3 with bands along the third, are read", used));
  check_image_size(sides[1], sides[0]);
  check_compression();
  const int64_t count = used == 3 ? sides[2] : 1;
  if (count < 1 || static_cast<int64_t>(planes.size()) + count > kMostPlanes) throw ImageError(fmt::format("{} planes", count));
  std::vector<std::string> names;
  for (const char* key : {"EXTNAME", "FILTER", "BAND"}) {
    if (std::string name = text(key); !name.empty()) names.push_back(std::move(name));
  }
  const std::string letters = text("BANDS");
  for (int64_t p = 0; p < count; ++p) {
    FitsPlane plane{hdu, axes, p, sides[1], sides[0], {}};
    if (static_cast<int64_t>(letters.size()) == count) plane.names.emplace_back(1, letters[static_cast<size_t>(p)]);
    if (std::string name = text(fmt::format("BAND{}", p)); !name.empty()) plane.names.push_back(std::move(name));
    if (count == 1) plane.names.insert(plane.names.begin(), names.begin(), names.end());
    planes.push_back(std::move(plane));
  }
}

std::vector<FitsPlane> FitsFile::planes(bool first_only) {
  std::vector<FitsPlane> planes;
  int hdu = 1;
  for (; !(first_only && !planes.empty()) && find(hdu); ++hdu) {
    if (hdu > kMostHdus) throw ImageError(fmt::format("a FITS file of more than {} parts", kMostHdus));
    int type = 0;
    fits_get_hdu_type(library_file(file_), &type, &status_);
    check();
    if (type == IMAGE_HDU) add_planes(hdu, planes);
    if (!first_only) check_all_there();
  }
  if (planes.empty()) throw ImageError("a FITS file without an image of two or three axes");
  return planes;
}

void FitsFile::read(const FitsPlane& plane, float* out) {
  move_to(plane.hdu);
  check();
  if (fits_is_compressed_image(library_file(file_), &status_) != 0) check_fits_tiles(file_, size_, plane.plane);
  std::array<LONGLONG, kMostAxes> first;
  first.fill(1);
  first[2] = plane.plane + 1;
  float unknown = std::numeric_limits<float>::quiet_NaN();
  int any_unknown = 0;
  const int64_t count = plane.height * plane.width;
  fits_read_pixll(library_file(file_), TFLOAT, first.data(), count, &unknown, out, &any_unknown, &status_);
  check();
  for (int64_t i = 0; i < count; ++i) {
    if (!std::isfinite(out[i])) out[i] = unknown;
  }
}

}  // namespace hpcai::data
