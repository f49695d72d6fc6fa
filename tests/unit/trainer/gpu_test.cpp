#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

#include "hpcai/core/error.h"
#include "hpcai/trainer/gpu.h"

using namespace hpcai;
using trainer::DeviceChoice;
using trainer::use_gpu;

namespace {

// A folder like /dev, with these files.
struct Devices {
  explicit Devices(const std::vector<std::string>& names) {
    std::string name = (std::filesystem::temp_directory_path() / "hpcai-dev-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()));
    path = name;
    for (const auto& file : names) std::ofstream(path / file);
  }
  ~Devices() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

int two() { return 2; }
int none() { return 0; }
int no_library() { throw Error(ExitCode::usage, "libhpcai_cuda.so is not there", "Build it."); }
int never() { throw std::logic_error("asked in vain"); }

}  // namespace

TEST_CASE("device: auto takes a GPU that can be used, whatever its number") {
  for (const char* name : {"nvidia0", "nvidia3", "nvidia12", "dxg"})
    CHECK(use_gpu(DeviceChoice::automatic, Devices({name}).path, two));
}

TEST_CASE("device: auto computes on the CPU where no GPU can be used") {
  const Devices gpu({"nvidia0"});
  CHECK_FALSE(use_gpu(DeviceChoice::automatic, gpu.path, none));
  CHECK_FALSE(use_gpu(DeviceChoice::automatic, gpu.path, no_library));
  CHECK_FALSE(use_gpu(DeviceChoice::automatic, Devices({"nvidiactl", "nvidia-uvm", "nvidia", "null"}).path, never));
  CHECK_FALSE(use_gpu(DeviceChoice::automatic, "/nowhere", never));
}

TEST_CASE("device: cpu and cuda are taken at their word") {
  const Devices gpu({"nvidia0"});
  CHECK_FALSE(use_gpu(DeviceChoice::cpu, gpu.path, never));
  CHECK(use_gpu(DeviceChoice::cuda, gpu.path, never));
  CHECK_THROWS_AS(use_gpu(DeviceChoice::cuda, Devices({"null"}).path, never), Error);
}
