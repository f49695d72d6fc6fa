#include "hpcai/data/fingerprint.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "hpcai/core/sha256.h"
#include "hpcai/data/open.h"
#include "hpcai/data/png.h"
#include "support.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

Fingerprint of_waveforms(const std::filesystem::path& path) {
  WaveformHdf5Config config;
  config.train = path.string();
  config.t_min = -9;
  config.t_max = config.t_step = 1;
  return fingerprint(data::open(config, 1).train.get());
}

Fingerprint of_folder(const test::TemporaryFolder& folder, const std::string& catalogue) {
  return fingerprint(data::open(test::image_folder_config(folder, catalogue), 1).train.get());
}

}  // namespace

TEST_CASE("waveforms with other numbers, labels or contents have another fingerprint, a copy has the same") {
  const test::TemporaryFolder folder;
  test::write_waveform_file(folder / "a.h5", 40, 10, H5::PredType::IEEE_F32LE);
  test::write_waveform_file(folder / "double.h5", 40, 10, H5::PredType::IEEE_F64LE);
  test::write_waveform_file(folder / "fewer.h5", 39, 10, H5::PredType::IEEE_F32LE);
  const Fingerprint a = of_waveforms(folder / "a.h5");
  CHECK(a.samples == 40);
  CHECK(describe_change(a, of_waveforms(folder / "double.h5")).empty());
  CHECK(describe_change(a, of_waveforms(folder / "fewer.h5")) == "40 samples then, 39 now");
  for (const auto& [data_set, change] : {std::pair{"data", "contents"}, {"labels", "labels"}}) {
    std::filesystem::copy_file(folder / "a.h5", folder / "b.h5", std::filesystem::copy_options::overwrite_existing);
    {
      H5::H5File file((folder / "b.h5").string(), H5F_ACC_RDWR);
      const hsize_t offset[] = {0, 0}, count[] = {1, 1};
      const H5::DataSet set = file.openDataSet(data_set);
      const H5::DataSpace place = set.getSpace(), memory(2, count);
      place.selectHyperslab(H5S_SELECT_SET, count, offset);
      const double value = 7;
      set.write(&value, H5::PredType::NATIVE_DOUBLE, memory, place);
    }
    CHECK(describe_change(a, of_waveforms(folder / "b.h5")) == std::string("40 samples, whose ") + change + " have changed");
  }
}

TEST_CASE("images with other names, labels or bytes have another fingerprint") {
  const test::TemporaryFolder folder;
  auto write = [&](const std::string& name, uint8_t value) {
    write_png(folder / name, {20, 20, std::vector<uint8_t>(20 * 20 * 3, value), 1});
  };
  for (const char* name : {"a.png", "b.png", "c.png"}) write(name, 100);
  const Fingerprint a = of_folder(folder, "file,label\na.png,x\nb.png,y\n");
  CHECK(describe_change(a, of_folder(folder, "#Table1\nlabel;file\nx;a.png\ny;b.png\n")).empty());
  CHECK(describe_change(a, of_folder(folder, "file,label\na.png,y\nb.png,x\n")) == "2 samples, whose labels have changed");
  CHECK(describe_change(a, of_folder(folder, "file,label\na.png,x\nc.png,y\n")) ==
        "2 samples, whose names or order have changed");
  write("b.png", 101);
  CHECK(describe_change(a, of_folder(folder, "file,label\na.png,x\nb.png,y\n")) == "2 samples, whose contents have changed");
}

TEST_CASE("the fingerprint of simulated data needs none of them, and that of no data is empty") {
  SimulatedGalaxiesConfig config;
  config.train = 20;
  config.image_size = 16;
  const Fingerprint print = fingerprint(data::open(config, 1).train.get());
  CHECK(print.names == "2a934030a4c1b3fd845a4978d599d44ab0d82ee40f5f8dc86efe7cf10babffb8");
  CHECK(print.content == sha256(""));
  CHECK(fingerprint(nullptr) == Fingerprint{});
  CHECK(describe_change(fingerprint(nullptr), Fingerprint{}).empty());
}
