#include "hpcai/data/fits_tiles.h"

#include <fitsio.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "hpcai/core/error.h"
#include "hpcai/data/fits_file.h"
#include "hpcai/data/image.h"
#include "hpcai/data/rice.h"
#include "hpcai/data/tables/gzip.h"

namespace hpcai::data {
namespace {

ImageError damaged_tiles(const std::string& what) { return ImageError("damaged FITS: " + what); }

class Tiles {
 public:
  Tiles(fitsfile* file, double file_bytes) : file_(file), hdu_(*file->Fptr), file_bytes_(file_bytes) {}

  void check(int64_t plane);

 private:
  int64_t pixels_of(int64_t row, int64_t plane) const;
  void check_tile(int64_t row, int64_t pixels);
  int64_t values_of(int column, int64_t row);
  std::string_view bytes_of(int column, int64_t row, int64_t count);
  int64_t unpacked_size(std::string_view bytes, int64_t row, int64_t pixels);
  void check_library() const;

  fitsfile* file_;
  const FITSfile& hdu_;  // the library's own numbers, by which its decoders work
  double file_bytes_;
  int status_ = 0;
  std::string bytes_;
};

void Tiles::check_library() const {
  if (status_ == 0) return;
  fits_clear_errmsg();
  throw damaged_tiles("its table of tiles cannot be read");
}

// 0 if the tile has no part in the plane.
int64_t Tiles::pixels_of(int64_t row, int64_t plane) const {
  int64_t rest = row - 1, pixels = 1;
  for (int i = 0; i < hdu_.zndim; ++i) {
    const int64_t side = hdu_.znaxis[i], tile = hdu_.tilesize[i], tiles = (side - 1) / tile + 1;
    const int64_t first = rest % tiles * tile, length = std::min(tile, side - first);
    rest /= tiles;
    if (i == 2 && (plane < first || plane >= first + length)) return 0;
    pixels *= length;
  }
  return pixels;
}

// How many values the tile has in this column.
int64_t Tiles::values_of(int column, int64_t row) {
  LONGLONG count = 0, offset = 0, repeat = 0, width = 0;
  int type = 0;
  fits_get_coltypell(file_, column, &type, &repeat, &width, &status_);
  fits_read_descriptll(file_, column, row, &count, &offset, &status_);
  check_library();
  constexpr std::array kTypes = {TBYTE, TSHORT, TLONG, TLONGLONG, TFLOAT, TDOUBLE};  // the code's tens are a value's bytes
  if (std::find(kTypes.begin(), kTypes.end(), -type) == kTypes.end()) throw damaged_tiles("a tile is no list of numbers");
  const double start = static_cast<double>(hdu_.datastart) + static_cast<double>(hdu_.heapstart) + static_cast<double>(offset);
  const double end = start + static_cast<double>(count) * (std::abs(type) / 10);
  if (count < 0 || offset < 0 || !(start >= 0 && end <= file_bytes_)) throw ImageError(kCutOffFits);
  return count;
}

std::string_view Tiles::bytes_of(int column, int64_t row, int64_t count) {
  if (hdu_.tableptr[column - 1].tdatatype != -TBYTE) throw damaged_tiles("its packed tiles are not bytes");
  bytes_.resize(static_cast<size_t>(count));
  fits_read_col(file_, TBYTE, column, row, 1, count, nullptr, bytes_.data(), nullptr, &status_);
  check_library();
  return bytes_;
}

int64_t Tiles::unpacked_size(std::string_view bytes, int64_t row, int64_t pixels) {
  try {
    return static_cast<int64_t>(gunzip(bytes, fmt::format("tile {}", row), sizeof(double) * static_cast<size_t>(pixels)).size());
  } catch (const Error& error) {
    throw damaged_tiles(error.what());
  }
}

void Tiles::check_tile(int64_t row, int64_t pixels) {
  const bool are_floats = hdu_.quantize_level != 0;  // which the decoder then takes a tile of any other size for, too
  const int64_t count = values_of(hdu_.cn_compressed, row);
  if (count == 0 && hdu_.cn_uncompressed >= 1) {
    if (values_of(hdu_.cn_uncompressed, row) != pixels) throw damaged_tiles(fmt::format("tile {} is not complete", row));
  } else if (count == 0 && hdu_.cn_gzip_data >= 1) {
    const std::string_view packed = bytes_of(hdu_.cn_gzip_data, row, values_of(hdu_.cn_gzip_data, row));
    if (unpacked_size(packed, row, pixels) != pixels * std::abs(hdu_.zbitpix) / 8) {
      throw damaged_tiles(fmt::format("tile {} is not complete", row));
    }
  } else if (count > 0 && hdu_.compress_type == RICE_1) {
    const int pixel_bytes = hdu_.rice_bytepix == 1 || hdu_.rice_bytepix == 2 ? hdu_.rice_bytepix : 4;
    const std::string_view codes = bytes_of(hdu_.cn_compressed, row, count);
    if (!has_rice_codes(codes, pixels, hdu_.rice_blocksize, pixel_bytes) || (are_floats && pixel_bytes != 4)) {
      throw damaged_tiles(fmt::format("tile {} is no sound Rice code", row));
    }
  } else if (count > 0 && hdu_.compress_type != GZIP_1 && hdu_.compress_type != GZIP_2) {
    throw ImageError("FITS tiles that are stored without compression are not read");
  } else if (count > 0) {
    const int64_t size = unpacked_size(bytes_of(hdu_.cn_compressed, row, count), row, pixels);
    const bool fits = size == 4 * pixels || (are_floats ? size == 8 * pixels : size == pixels || size == 2 * pixels);
    if (!fits) throw damaged_tiles(fmt::format("tile {} has {} bytes for {} pixels", row, size, pixels));
  }
}

void Tiles::check(int64_t plane) {
  double largest = 1;
  for (int i = 0; i < hdu_.zndim; ++i) {
    if (hdu_.tilesize[i] > std::max(1L, hdu_.znaxis[i])) throw damaged_tiles("tiles larger than the image");
    largest *= static_cast<double>(hdu_.tilesize[i]);
  }
  if (largest > kMostImagePixels) throw ImageError(fmt::format("tiles of more than {} pixels", kMostImagePixels));
  for (int64_t row = 1; row <= hdu_.numrows; ++row) {
    if (const int64_t pixels = pixels_of(row, plane); pixels > 0) check_tile(row, pixels);
  }
}

}  // namespace

void check_fits_tiles(void* library_file, double file_bytes, int64_t plane) {
  Tiles(static_cast<fitsfile*>(library_file), file_bytes).check(plane);
}

}  // namespace hpcai::data
