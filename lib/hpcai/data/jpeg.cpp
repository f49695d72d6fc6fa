#include "hpcai/data/jpeg.h"

// clang-format off
#include <cstdio>
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <fmt/format.h>

#include <algorithm>
#include <csetjmp>
#include <utility>

namespace hpcai::data {
namespace {

// Encoders write about ten scans; libjpeg-turbo's own fuzzers give up after some hundred.
constexpr int kOrdinaryScans = 16, kMostScans = 100;
constexpr double kMostScannedPixels = 4e8;

// libjpeg reports errors through a callback that must not return. It jumps back into the member function that called
// the library; those hold no objects with destructors, so nothing is skipped.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : bytes_(bytes) {
    info_.err = jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr info) { self(info).leave(info); };
    errors_.emit_message = [](j_common_ptr info, int level) { self(info).note(info, level); };
    errors_.output_message = [](j_common_ptr) {};
    info_.client_data = this;
    progress_.progress_monitor = [](j_common_ptr info) { self(info).watch(); };
  }
  ~Decoder() { jpeg_destroy_decompress(&info_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  bool read_header() {
    if (setjmp(jump_) != 0) return false;
    jpeg_create_decompress(&info_);
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
    info_.progress = &progress_;
    jpeg_read_header(&info_, TRUE);
    return true;
  }
  bool start(unsigned reduction) {
    if (setjmp(jump_) != 0) return false;
    info_.out_color_space = JCS_RGB;
    info_.scale_num = 1;
    info_.scale_denom = reduction;
    jpeg_start_decompress(&info_);
    return true;
  }
  bool read_rows(uint8_t* out) {
    if (setjmp(jump_) != 0) return false;
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = out + size_t{3} * info_.output_width * info_.output_scanline;
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  const jpeg_decompress_struct& info() const { return info_; }
  const char* message() const { return message_; }

 private:
  static Decoder& self(j_common_ptr info) { return *static_cast<Decoder*>(info->client_data); }

  void leave(j_common_ptr info) {
    errors_.format_message(info, message_);
    longjmp(jump_, 1);
  }
  // The library would go on after these warnings, with grey in place of what is missing.
  void note(j_common_ptr info, int level) {
    const int code = errors_.msg_code;
    if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE)) leave(info);
  }
  // Each scan of a progressive file goes over the whole image: a small file can keep the decoder busy for minutes.
  void watch() {
    const double pixels = static_cast<double>(info_.image_width) * info_.image_height;
    const int scans = info_.input_scan_number;
    if (scans <= kOrdinaryScans || (scans <= kMostScans && scans * pixels <= kMostScannedPixels)) return;
    std::snprintf(message_, sizeof message_, "more than %d scans of %u x %u pixels", scans - 1, info_.image_width,
                  info_.image_height);
    longjmp(jump_, 1);
  }

  std::string_view bytes_;
  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  std::jmp_buf jump_{};
  char message_[JMSG_LENGTH_MAX] = "";
};

void check(bool good, const Decoder& decoder) {
  if (!good) throw ImageError(fmt::format("damaged JPEG: {}", decoder.message()));
}

}  // namespace

ImageHeader jpeg_header(std::string_view bytes) {
  Decoder decoder(bytes);
  check(decoder.read_header(), decoder);
  const J_COLOR_SPACE space = decoder.info().jpeg_color_space;
  if (space == JCS_CMYK || space == JCS_YCCK) throw ImageError("a CMYK JPEG; convert it to RGB");
  return {ImageFormat::jpeg, decoder.info().image_height, decoder.info().image_width};
}

Image decode_jpeg(std::string_view bytes, int64_t smallest_side, std::vector<uint8_t> memory) {
  Decoder decoder(bytes);
  check(decoder.read_header(), decoder);
  const int64_t side = std::min(decoder.info().image_height, decoder.info().image_width);
  unsigned reduction = 1;
  while (smallest_side > 0 && reduction < 8 && side / (2 * reduction) >= smallest_side) reduction *= 2;
  check(decoder.start(reduction), decoder);
  Image image{decoder.info().output_height, decoder.info().output_width, std::move(memory), reduction};
  const auto size = static_cast<size_t>(3 * image.height * image.width);
  if (size > image.pixels.capacity()) image.pixels.clear();  // else resize() would copy what the memory holds
  image.pixels.resize(size);
  check(decoder.read_rows(image.pixels.data()), decoder);
  return image;
}

}  // namespace hpcai::data
