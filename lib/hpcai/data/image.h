#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hpcai::data {

struct Image {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint8_t> pixels;  // [height, width, 3], rows from the top, red green blue
  int64_t reduction = 1;        // the file's sides are this many times larger
};

enum class ImageFormat { jpeg, png, fits };

struct ImageHeader {
  ImageFormat format = ImageFormat::jpeg;
  int64_t height = 0;
  int64_t width = 0;
};

// What goes wrong with the content of an image file; the caller knows its name.
class ImageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What is decoded: larger images are refused before memory is taken for them.
inline constexpr int64_t kLargestImageSide = 20000;
inline constexpr int64_t kMostImagePixels = 100'000'000;

// Throws ImageError that names what is too large.
void check_image_size(int64_t height, int64_t width);

// Whether bytes, of which those at the start suffice, begin as a JPEG, PNG or FITS file does.
bool is_image(std::string_view bytes);

// Format and size from the first bytes of a file. Throws ImageError if it is neither JPEG, PNG nor FITS, has no readable header,
// or is larger than the limits above; Error{missing_input} if it cannot be read or is no regular file.
ImageHeader read_image_header(const std::filesystem::path& path);

// The same from all of a file's bytes.
ImageHeader image_header(std::string_view bytes);

// A JPEG, PNG or FITS file's bytes as colours; FITS by the default of data.preparation (preparation_config.h); grey becomes
// colour, transparency is laid on black. JPEG files may be reduced by 2, 4 or 8 while they are decoded, as long as
// `smallest_side` pixels are left along the shorter side (0 = never). Throws ImageError, or Error{bad_data} with `name` in front,
// for damaged and truncated files and for CMYK. The pixels of a JPEG are put into `memory`, whatever it holds: memory that is
// used again costs less than fresh memory.
Image decode_image(std::string_view bytes, const std::string& name, int64_t smallest_side = 0, std::vector<uint8_t> memory = {});

// The central square of side `crop` in pixels of the file (0 = the largest that fits), resized to `size` with a triangle filter
// that covers all pixels when it shrinks, as Pillow's BILINEAR does. Writes [size, size, 3]. Throws ImageError if the image is
// smaller than the crop.
void crop_and_resize(const Image& image, int64_t crop, int64_t size, uint8_t* out);

// All of the image [height, width, 3] resized to [size, size, 3] with the same filter.
void resize_pixels(const uint8_t* pixels, int64_t height, int64_t width, int64_t size, uint8_t* out);

// A rectangle of an image.
struct Box {
  int64_t top = 0, left = 0, height = 0, width = 0;
};

// The part of an image whose rows have `row_width` pixels, resized to [height, width, 3] with the same filter.
void resize_box(const uint8_t* pixels, int64_t row_width, const Box& box, int64_t height, int64_t width, uint8_t* out);

}  // namespace hpcai::data
