#include "hpcai/data/png.h"

#include <fmt/format.h>
#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"

namespace hpcai::data {
namespace {

// libpng reports errors through a callback that must not return. It jumps back into the member function that called the
// library; those hold no objects with destructors, so nothing is skipped.
class PngDecoder {
 public:
  explicit PngDecoder(std::string_view bytes) : bytes_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, &PngDecoder::leave, [](png_structp, png_const_charp) {});
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  ~PngDecoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  bool read_header() {
    if (info_ == nullptr) return fail("out of memory");
    if (setjmp(jump_) != 0) return false;
    png_set_read_fn(png_, this, [](png_structp png, png_bytep out, size_t size) { self(png).give(out, size); });
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // check_image_size tells them more clearly
    png_read_info(png_, info_);
    return true;
  }

  // Leaves the decoder set to deliver 8-bit RGBA, whatever the file holds.
  bool start() {
    if (setjmp(jump_) != 0) return false;
    png_set_expand(png_);
    png_set_scale_16(png_);
    png_set_gray_to_rgb(png_);
    png_set_add_alpha(png_, 0xFF, PNG_FILLER_AFTER);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }

  bool read_rows(png_bytepp rows) {
    if (setjmp(jump_) != 0) return false;
    if (png_get_rowbytes(png_, info_) != static_cast<size_t>(4 * width())) return fail("unknown pixel layout");
    png_read_image(png_, rows);
    png_read_end(png_, nullptr);
    return true;
  }

  int64_t width() const { return png_get_image_width(png_, info_); }
  int64_t height() const { return png_get_image_height(png_, info_); }
  const char* message() const { return message_; }

 private:
  static PngDecoder& self(png_structp png) { return *static_cast<PngDecoder*>(png_get_io_ptr(png)); }

  [[noreturn]] static void leave(png_structp png, png_const_charp message) {
    PngDecoder& decoder = *static_cast<PngDecoder*>(png_get_error_ptr(png));
    decoder.fail(message);
    std::longjmp(decoder.jump_, 1);
  }

  bool fail(const char* message) {
    std::snprintf(message_, sizeof message_, "%s", message);
    return false;
  }

  void give(png_bytep out, size_t size) {
    if (size > bytes_.size()) png_error(png_, "the file ends too early");
    std::memcpy(out, bytes_.data(), size);
    bytes_.remove_prefix(size);
  }

  std::string_view bytes_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf jump_{};
  char message_[128] = "";
};

Image without_alpha(const std::vector<uint8_t>& rgba, int64_t height, int64_t width) {
  Image image;
  image.height = height;
  image.width = width;
  image.pixels.resize(static_cast<size_t>(3 * height * width));
  const size_t count = image.pixels.size() / 3;
  for (size_t i = 0; i < count; ++i) {
    const int alpha = rgba[4 * i + 3];
    for (size_t c = 0; c < 3; ++c) {
      image.pixels[3 * i + c] = static_cast<uint8_t>((rgba[4 * i + c] * alpha + 127) / 255);
    }
  }
  return image;
}

}  // namespace

Image decode_png(std::string_view bytes, const std::string& name) {
  PngDecoder decoder(bytes);
  const auto fail = [&](const std::string& reason) {
    throw Error(ExitCode::bad_data, fmt::format("{}: cannot decode this PNG: {}", name, reason), "Replace or remove the file.");
  };
  const auto check = [&](bool good) {
    if (!good) fail(decoder.message());
  };
  check(decoder.read_header());
  try {
    check_image_size(decoder.height(), decoder.width());
  } catch (const ImageError& error) {
    fail(error.what());
  }
  check(decoder.start());
  std::vector<uint8_t> rgba(static_cast<size_t>(4 * decoder.height() * decoder.width()));
  std::vector<png_bytep> rows(static_cast<size_t>(decoder.height()));
  for (size_t y = 0; y < rows.size(); ++y) rows[y] = rgba.data() + y * static_cast<size_t>(4 * decoder.width());
  check(decoder.read_rows(rows.data()));
  return without_alpha(rgba, decoder.height(), decoder.width());
}

Image read_png(const std::filesystem::path& path) { return decode_png(read_file(path), path.string()); }

std::string encode_png(const Image& image) {
  if (image.height < 1 || image.width < 1 || image.height > kLargestImageSide || image.width > kLargestImageSide ||
      image.pixels.size() != static_cast<size_t>(3 * image.height * image.width)) {
    throw Error(ExitCode::internal,
                fmt::format("encode_png: {} bytes for {} x {} pixels", image.pixels.size(), image.width, image.height));
  }
  png_image writer{};
  writer.version = PNG_IMAGE_VERSION;
  writer.width = static_cast<png_uint_32>(image.width);
  writer.height = static_cast<png_uint_32>(image.height);
  writer.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(writer);
  std::string bytes(size, '\0');
  if (png_image_write_to_memory(&writer, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr) == 0) {
    throw Error(ExitCode::internal, fmt::format("encode_png: {}", writer.message));
  }
  bytes.resize(size);
  return bytes;
}

void write_png(const std::filesystem::path& path, const Image& image) { replace_file(path, encode_png(image)); }

}  // namespace hpcai::data
