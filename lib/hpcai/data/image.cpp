#include "hpcai/data/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "hpcai/data/fits.h"
#include "hpcai/data/jpeg.h"
#include "hpcai/data/png.h"
#include "hpcai/data/regular_file.h"
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

// The channels of a pixel as floats, and a fourth value: one register of the processor.
using Channels = float __attribute__((vector_size(16)));

void to_floats(const uint8_t* pixels, int64_t count, Channels* out) {
  using Bytes = uint8_t __attribute__((vector_size(4)));
  for (int64_t x = 0; x + 1 < count; ++x) {
    Bytes bytes;
    std::memcpy(&bytes, pixels + 3 * x, sizeof bytes);
    out[x] = __builtin_convertvector(bytes, Channels);
  }
  const uint8_t* last = pixels + 3 * (count - 1);
  out[count - 1] = Channels{static_cast<float>(last[0]), static_cast<float>(last[1]), static_cast<float>(last[2]), 0};
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

Image decode_image(std::string_view bytes, const std::string& name, int64_t smallest_side) {
  const ImageHeader header = image_header(bytes);
  const ScopedStage stage(Stage::decode, 3 * header.height * header.width);
  switch (header.format) {
    case ImageFormat::jpeg: return decode_jpeg(bytes, smallest_side);
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
  thread_local std::vector<Channels> places;
  thread_local std::vector<float> rows;
  places.resize(static_cast<size_t>(box.width));
  rows.resize(static_cast<size_t>(box.height * width * 3 + 1));  // a pixel is stored with one float behind it
  for (int64_t y = 0; y < box.height; ++y) {
    to_floats(pixels + y * stride, box.width, places.data());
    for (int64_t x = 0; x < width; ++x) {
      Channels sum = {0, 0, 0, 0};
      const int64_t last = std::min(across.first[x] + across.taps, box.width);
      const float* weight = &across.weights[x * across.taps];
      for (int64_t j = across.first[x]; j < last; ++j, ++weight) sum += *weight * places[j];
      std::memcpy(&rows[(y * width + x) * 3], &sum, sizeof sum);
    }
  }
  std::vector<float> line(static_cast<size_t>(3 * width));
  for (int64_t y = 0; y < height; ++y) {
    std::fill(line.begin(), line.end(), 0.5F);
    const int64_t last = std::min(down.first[y] + down.taps, box.height);
    const float* weight = &down.weights[y * down.taps];
    for (int64_t j = down.first[y]; j < last; ++j, ++weight) {
      for (int64_t i = 0; i < 3 * width; ++i) line[i] += *weight * rows[j * 3 * width + i];
    }
    for (int64_t i = 0; i < 3 * width; ++i) out[3 * y * width + i] = static_cast<uint8_t>(std::clamp(line[i], 0.0F, 255.0F));
  }
}

}  // namespace hpcai::data
