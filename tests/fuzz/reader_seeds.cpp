#include "reader_seeds.h"

#include <ATen/ATen.h>
#include <jpeglib.h>

#include <cstdio>
#include <cstdlib>

#include "hpcai/checkpoint/manifest.h"
#include "hpcai/checkpoint/safetensors.h"
#include "hpcai/core/file.h"
#include "hpcai/data/hdf5/hdf5_writer.h"
#include "hpcai/data/image.h"
#include "hpcai/data/png.h"
#include "hpcai/data/tables/gzip.h"
#include "hpcai/distributed/meeting/greeting.h"
#include "hpcai/distributed/meeting/wire.h"
#include "target.h"

namespace fuzz {
namespace {

using namespace hpcai;

constexpr int64_t kSide = 12;

data::Image image() {
  data::Image image{kSide, kSide, {}, 1};
  for (int64_t i = 0; i < 3 * kSide * kSide; ++i) image.pixels.push_back(static_cast<uint8_t>(37 * i % 251));
  return image;
}

std::string jpeg(bool progressive) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = info.image_height = kSide;
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  data::Image content = image();
  while (info.next_scanline < kSide) {
    JSAMPROW row = content.pixels.data() + 3 * kSide * info.next_scanline;
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string text(reinterpret_cast<char*>(bytes), size);
  std::free(bytes);
  return text;
}

// The bytes of a file with two rows in two arrays of these shapes.
std::string hdf5(const data::NewArray& values, const data::NewArray& labels,
                 const std::vector<data::NamedAttribute>& attributes) {
  const std::string path = scratch() + "/seed.h5";
  data::Hdf5Writer writer(path, {values, labels}, attributes);
  const std::vector<double> row(4096, 1.0);  // one quasi-circular binary with q = s1 = s2 = 1, or bytes
  const std::vector<int64_t> classes{0, 1};
  for (int64_t i = 0; i < 2; ++i) {
    writer.write_row(0, i, row.data());
    writer.write_row(1, i, labels.type == data::ElementType::other_integer ? static_cast<const void*>(&classes[i]) : row.data());
  }
  writer.finish();
  return read_file(path);
}

std::string stored_weights(const std::string& name) { return read_file(HPCAI_SOURCE_DIR "/tests/fixtures/weights/" + name); }

}  // namespace

Seeds catalogue_seeds() {
  return {"file,label,split\na.png,spiral,train\nb.png,elliptical,train\nc.png,spiral,validation\nd.png,elliptical,test\n",
          "#Table1\nfile;label;split\n\"a, b.png\";'spiral';train\n# note\nb.png;elliptical;train\r\n",
          "\xef\xbb\xbf file\tlabel\tsplit\na.png\tspiral\ttrain\nb.png\telliptical\ttrain\n"};
}

Seeds image_list_seeds() {
  return {"a.png\nfolder/b.jpg\n# note\nc.png\n", "file,label\na.png,spiral\nb.png,elliptical\nc.png,nan\n"};
}

Seeds table_seeds() {
  return {"star,kind,x,y\na,early,1,2\na,late,,3\nb,early,-1e3,nan\nc,,true,0.5\n",
          "# made\nkind;star;y;x;z\nearly;1;1;2;3\nlate;2;4;5;6\nlate;3;7;8;9\n"};
}

Seeds arrays_seeds() {
  Seeds seeds;
  for (const char* name : {"samples.npz", "folder/x.npy"}) {
    seeds.push_back(read_file(std::string(HPCAI_SOURCE_DIR "/tests/fixtures/arrays/") + name));
  }
  return seeds;
}

Seeds binaries_seeds() {
  return {"q,s1,s2\n1,0,0\n1.5,-0.3,0.8\n10,0.1,0.2\n", "# table\nid q s1 s2\na 1 0 0\nb 2.5e0 -0.5 .5\n"};
}

Seeds host_list_seeds() { return {"n[08-10,12],login,r[1-2]c[0-1]-ib", "host", "a[1-3]b[001-100],c"}; }

Seeds image_seeds() { return {jpeg(false), jpeg(true), data::encode_png(image())}; }

Seeds fits_seeds() {
  Seeds seeds;
  for (const char* name : {"plain.fits", "rice_i16.fits.fz", "rice_f32.fits.fz", "gzip2_f32.fits.fz", "hcompress.fits.fz"}) {
    seeds.push_back(read_file(std::string(HPCAI_SOURCE_DIR) + "/tests/fixtures/fits/" + name));
  }
  for (const char* name : {"cube.fits.gz", "hdus.fits.gz", "bitpix_16.fits.gz", "bitpix_64.fits.gz"}) {
    const std::string packed = read_file(std::string(HPCAI_SOURCE_DIR) + "/tests/fixtures/fits/" + name);
    seeds.push_back(data::gunzip(packed, name, 1 << 20));
    seeds.push_back(packed);
  }
  return seeds;
}

Seeds filter_seeds() {
  return {"P_CS >= 0.985 or P_EL >= 0.926", "not (a + 2 * b < -c / 3 and name != 'it''s') or \"class id\" == 'E'"};
}

Seeds image_hdf5_seeds() {
  using data::ElementType;
  return {hdf5({"images", {2, kSide, kSide, 3}, ElementType::uint8}, {"labels", {2}, ElementType::other_integer},
               {{"class_names", std::vector<std::string>{"elliptical", "spiral"}}})};
}

Seeds waveform_hdf5_seeds() {
  using data::ElementType;
  return {hdf5({"data", {2, 16}, ElementType::float64}, {"labels", {2, 3}, ElementType::float64}, {{"t_step", 1.0}})};
}

Seeds safetensors_seeds() {
  const checkpoint::SafetensorsImage image({{"conv.weight", at::ones({2, 3})}, {"steps", at::ones({}, at::kLong)}}, {{"a", "b"}});
  std::string text;
  for (const std::string_view part : image.parts()) text += part;
  return {text};
}

Seeds torch_zip_seeds() { return {stored_weights("tensors.pt"), stored_weights("tensors5.pt")}; }

Seeds torch_legacy_seeds() { return {stored_weights("tensors_legacy.pt")}; }

Seeds keras_seeds() { return {stored_weights("keras_nested.h5"), stored_weights("keras_top.weights.h5")}; }

Seeds manifest_seeds() {
  checkpoint::Manifest manifest;
  manifest.step = 12;
  manifest.best = true;
  manifest.files["model.safetensors"] = {100, std::string(64, 'a')};
  return {checkpoint::to_text(manifest)};
}

Seeds greeting_seeds() {
  using distributed::framed;
  using distributed::Packer;
  return {framed(Packer().text(distributed::kMagic).text(std::string(32, 'a')).bytes()),
          framed(Packer().text(std::string(64, 'b')).bytes())};
}

}  // namespace fuzz
