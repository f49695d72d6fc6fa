#include "hpcai/data/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "hpcai/data/fits.h"
#include "hpcai/data/jpeg.h"
#include "hpcai/data/png.h"
#include "hpcai/data/regular_file.h"
#include "hpcai/data/reused_memory.h"
#include "hpcai/data/stage_clock.h"
#include "hpcai/data/stretch.h"
#include "hpcai/data/triangle_filter.h"

namespace hpcai::data {
namespace {

constexpr std::string_view kJpegMagic = "\xFF\xD8\xFF";
constexpr std::string_view kPngMagic("\x89PNG\r\n\x1A\n", 8);

ImageFormat format_of(std::string_view bytes) {
  if (bytes.starts_with(kJpegMagic)) return ImageFormat::jpeg;
  if (bytes.starts_with(kPngMagic)) return ImageFormat::png;
  if (is_fits(bytes)) return ImageFormat::fits;
  throw ImageError(bytes.empty() ? "an empty file" : "neither a JPEG, a PNG nor a FITS file");
}

// The header chunk always comes first: length, "IHDR", width, height.
ImageHeader png_header(std::string_view bytes) {
  if (bytes.size() < 26 || bytes.substr(12, 4) != "IHDR") throw ImageError("damaged PNG: no header");
  auto number = [&](size_t at) {
    int64_t value = 0;
    for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
    return value;
  };
  return {ImageFormat::png, number(20), number(16)};
}

ImageHeader header_of(std::string_view bytes) {
  switch (format_of(bytes)) {
    case ImageFormat::jpeg: return jpeg_header(bytes);
    case ImageFormat::png: return png_header(bytes);
    case ImageFormat::fits: break;
  }
  return fits_header(bytes);
}

Image decode_fits(std::string_view bytes) {
  const BandImage bands = read_fits(bytes, {});
  Image image{bands.height, bands.width, std::vector<uint8_t>(static_cast<size_t>(3 * bands.height * bands.width)), 1};
  stretch(bands, {}, image.pixels.data());
  return image;
}

// Rows that are filtered together: a weight and its place are looked up once for them.
constexpr int64_t kRows = 4;

// Filters kRows rows of `count` pixels across, to `width` pixels each. A pixel is read and written with one value more than it
// has, so rows lie 3 * count + 1 and 3 * width + 1 values apart.
void filter_across(const float* pixels, int64_t count, const TriangleFilter& filter, int64_t width, float* out) {
  using Channels = float __attribute__((vector_size(16)));
  const int64_t from_stride = 3 * count + 1, to_stride = 3 * width + 1;
  for (int64_t x = 0; x < width; ++x) {
    Channels sums[kRows] = {};
    const int64_t last = std::min(filter.first[x] + filter.taps, count);
    const float* weight = &filter.weights[x * filter.taps];
    for (int64_t j = filter.first[x]; j < last; ++j, ++weight) {
      for (int64_t r = 0; r < kRows; ++r) {
        Channels pixel;
        std::memcpy(&pixel, pixels + r * from_stride + 3 * j, sizeof pixel);
        sums[r] += *weight * pixel;
      }
    }
    for (int64_t r = 0; r < kRows; ++r) std::memcpy(out + r * to_stride + 3 * x, &sums[r], sizeof sums[r]);
  }
}

// One row of the result, of `values` values, from rows that lie values + 1 apart.
void filter_down(const float* rows, int64_t count, const TriangleFilter& filter, int64_t y, int64_t values, uint8_t* out) {
  thread_local std::vector<float> sums;
  sums.assign(static_cast<size_t>(values), 0.5F);
  float* __restrict sum = sums.data();
  const int64_t last = std::min(filter.first[y] + filter.taps, count);
  const float* weight = &filter.weights[y * filter.taps];
  for (int64_t j = filter.first[y]; j < last; ++j, ++weight) {
    const float w = *weight;
    const float* __restrict row = rows + j * (values + 1);
    for (int64_t i = 0; i < values; ++i) sum[i] += w * row[i];
  }
  uint8_t* __restrict to = out;
  for (int64_t i = 0; i < values; ++i) {
    // SSE converts float to uint8 only through int32.
    to[i] = static_cast<uint8_t>(static_cast<int32_t>(std::min(std::max(sum[i], 0.0F), 255.0F)));
  }
}

void to_floats(const uint8_t* __restrict bytes, int64_t count, float* __restrict out) {
  for (int64_t i = 0; i < count; ++i) out[i] = bytes[i];
}

}  // namespace

void check_image_size(int64_t height, int64_t width) {
  const std::string size = fmt::format("{} x {} pixels", width, height);
  if (height < 1 || width < 1) throw ImageError(size);
  if (height > kLargestImageSide || width > kLargestImageSide) {
    throw ImageError(fmt::format("{}: its {} has more than {} pixels", size, width > kLargestImageSide ? "width" : "height",
                                 kLargestImageSide));
  }
  if (height * width > kMostImagePixels) throw ImageError(fmt::format("{}: more than {} in all", size, kMostImagePixels));
}

bool is_image(std::string_view bytes) { return bytes.starts_with(kJpegMagic) || bytes.starts_with(kPngMagic) || is_fits(bytes); }

ImageHeader image_header(std::string_view bytes) {
  const ImageHeader header = header_of(bytes);
  check_image_size(header.height, header.width);
  return header;
}

// Headers of camera JPEGs can be long (previews, colour profiles), and so can those of FITS: a second try takes the whole file.
ImageHeader read_image_header(const std::filesystem::path& path) {
  constexpr size_t kStart = 8192;
  const RegularFile file(path.string());
  const std::string start = file.read_start(kStart);
  try {
    return image_header(start);
  } catch (const ImageError&) {
    if (start.size() < kStart || start.starts_with(kPngMagic) || !is_image(start)) throw;
  }
  return image_header(file.read_start(size_t{1} << 26));
}

Image decode_image(std::string_view bytes, const std::string& name, int64_t smallest_side, std::vector<uint8_t> memory) {
  const ImageHeader header = image_header(bytes);
  const ScopedStage stage(Stage::decode, 3 * header.height * header.width);
  switch (header.format) {
    case ImageFormat::jpeg: return decode_jpeg(bytes, smallest_side, std::move(memory));
    case ImageFormat::png: return decode_png(bytes, name);
    case ImageFormat::fits: break;
  }
  return decode_fits(bytes);
}

void crop_and_resize(const Image& image, int64_t crop, int64_t size, uint8_t* out) {
  const int64_t side = crop > 0 ? std::max<int64_t>(1, crop / image.reduction) : std::min(image.height, image.width);
  if (side > image.height || side > image.width) {
    throw ImageError(fmt::format("{} x {} pixels, smaller than the crop of {}", image.width, image.height, side));
  }
  resize_box(image.pixels.data(), image.width, {(image.height - side) / 2, (image.width - side) / 2, side, side}, size, size,
             out);
}

void resize_pixels(const uint8_t* pixels, int64_t height, int64_t width, int64_t size, uint8_t* out) {
  resize_box(pixels, width, {0, 0, height, width}, size, size, out);
}

// Across first, into floats [box.height, width, 3], then down.
void resize_box(const uint8_t* pixels, int64_t row_width, const Box& box, int64_t height, int64_t width, uint8_t* out) {
  const int64_t stride = 3 * row_width;
  pixels += box.top * stride + 3 * box.left;
  if (box.height == height && box.width == width) {
    for (int64_t y = 0; y < height; ++y) std::memcpy(out + 3 * y * width, pixels + y * stride, static_cast<size_t>(3 * width));
    return;
  }
  const ScopedStage stage(Stage::resize, 3 * height * width);
  const TriangleFilter across(box.width, width), down(box.height, height);
  thread_local std::vector<float> wide, rows;
  const ReusedMemory used_wide(wide), used_rows(rows);
  wide.resize(static_cast<size_t>(kRows * (3 * box.width + 1)));
  rows.resize(static_cast<size_t>((box.height + kRows - 1) * (3 * width + 1)));
  for (int64_t y = 0; y < box.height; y += kRows) {
    for (int64_t r = 0; r < kRows; ++r) {  // the last row again where there are no more
      to_floats(pixels + std::min(y + r, box.height - 1) * stride, 3 * box.width, &wide[r * (3 * box.width + 1)]);
    }
    filter_across(wide.data(), box.width, across, width, &rows[y * (3 * width + 1)]);
  }
  for (int64_t y = 0; y < height; ++y) filter_down(rows.data(), box.height, down, y, 3 * width, out + 3 * y * width);
}

}  // namespace hpcai::data
