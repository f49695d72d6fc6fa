#include "hpcai/data/tables/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include "hpcai/core/error.h"

namespace hpcai::data {
namespace {

class Inflater {
 public:
  Inflater() { ready_ = inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK; }  // 16: with gzip's header and checksum
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  bool ready() const { return ready_; }
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

}  // namespace

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1F\x8B"); }

std::string gunzip(std::string_view bytes, const std::string& name, size_t limit) {
  Inflater inflater;
  z_stream& stream = inflater.stream();
  auto damaged = [&](const std::string& why) {
    return Error(ExitCode::bad_data, fmt::format("{} is compressed with gzip, but {}", name, why), "Copy or download it again.");
  };
  if (!inflater.ready()) throw damaged("cannot be unpacked");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string content;
  std::string piece(size_t{1} << 18, '\0');
  while (true) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int result = inflate(&stream, Z_NO_FLUSH);
    content.append(piece, 0, piece.size() - stream.avail_out);
    if (content.size() > limit) throw damaged(fmt::format("unpacks to more than {} bytes", limit));
    if (result == Z_STREAM_END) {
      const std::string_view rest(reinterpret_cast<const char*>(stream.next_in), stream.avail_in);
      if (!is_gzip(rest)) return content;
      inflateReset(&stream);
    } else if (result == Z_BUF_ERROR) {
      throw damaged("ends too early");
    } else if (result != Z_OK) {
      throw damaged(fmt::format("damaged ({})", stream.msg ? stream.msg : "unknown reason"));
    }
  }
}

std::string gunzip_start(std::string_view bytes, size_t most) {
  Inflater inflater;
  if (!inflater.ready()) return "";
  z_stream& stream = inflater.stream();
  std::string content(most, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(content.data());
  stream.avail_out = static_cast<uInt>(most);
  while (stream.avail_out > 0 && inflate(&stream, Z_NO_FLUSH) == Z_OK) {
  }
  content.resize(most - stream.avail_out);
  return content;
}

}  // namespace hpcai::data
