#include "hpcai/data/hdf5/hdf5_trial.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <vector>

#include "../support.h"
#include "hpcai/data/hdf5/hdf5_file.h"
#include "hpcai/data/open.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace {

using SteadyClock = std::chrono::steady_clock;

std::string damaged_file(const std::string& name) { return std::string(HPCAI_SOURCE_DIR) + "/tests/fixtures/hdf5/" + name; }

double seconds_since(SteadyClock::time_point start) { return std::chrono::duration<double>(SteadyClock::now() - start).count(); }

ImageHdf5Config images_of(const std::string& path) {
  ImageHdf5Config config;
  config.train = path;
  return config;
}

}  // namespace

TEST_CASE("a file that makes the HDF5 library compute for ever or crash is called damaged, and this process lives on") {
  const std::pair<const char*, const char*> files[] = {{"attribute_without_end.h5", "computes for more than 5 s"},
                                                       {"attribute_that_crashes.h5", ""}};
  for (const auto& [name, reason] : files) {
    const std::string path = damaged_file(name);
    const auto thrown = thrown_by([&] { data::open(images_of(path), 1); });
    CHECK(thrown.code == ExitCode::bad_data);
    CHECK(thrown.what.starts_with(path + ": is damaged: the HDF5 library "));
    CHECK(thrown.what.find(reason) != std::string::npos);
    CHECK(thrown.remedy.find("compare its size and checksum") != std::string::npos);
  }
}

TEST_CASE("work that ends in a child, well or with an exception, is left to the caller") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  test::write_image_file(path, 4, 16);
  int here = 0;
  try_in_child(path, [&] { here = 1; });
  CHECK(here == 0);  // the work was done in another process
  try_in_child(path, [] { throw std::runtime_error("no"); });
  try_in_child(path, [] { throw Error(ExitCode::missing_input, "no"); });
  for (int i = 0; i < 3; ++i) try_in_child(path, [&] { Hdf5File(path).array("images", 4).read_all(); });
  CHECK(waitpid(-1, nullptr, WNOHANG) < 0);  // no child is left
}

TEST_CASE("a crash, a forced end and a hunger for memory in the child are told apart") {
  const auto complaint = [](const std::function<void()>& work) {
    const auto thrown = thrown_by([&] { try_in_child("none.h5", work); });
    CHECK(thrown.code == ExitCode::bad_data);
    return thrown.what;
  };
  CHECK(complaint([] { _exit(3); }) == "none.h5: is damaged: the HDF5 library crashes on it");
  CHECK(complaint([] { throw std::bad_alloc(); }) ==
        "none.h5: is damaged: the HDF5 library asks for more than 1.1 GB of memory to find what is in it");
#ifndef __SANITIZE_ADDRESS__
  CHECK(complaint([] { raise(SIGSEGV); }) == "none.h5: is damaged: the HDF5 library crashes on it (signal 11)");
  CHECK(complaint([] { abort(); }) == "none.h5: is damaged: the HDF5 library crashes on it (signal 6)");
  CHECK(complaint([] { std::vector<char>(size_t{1} << 32, '\1'); }).find("of memory") != std::string::npos);
#endif
}

#ifndef __SANITIZE_ADDRESS__  // its lock may be held by another thread when the child is forked, which then waits for ever
TEST_CASE("a trial beside threads that read, log and take memory comes to an end") {
  const test::TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  test::write_image_file(path, 4, 16);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      const Hdf5Array images = Hdf5File(path).array("images", 4);
      while (!stop) {
        images.read_all();
        try {
          throw std::runtime_error(std::string(1000, 'x'));
        } catch (const std::exception&) {
        }
      }
    });
  }
  const auto start = SteadyClock::now();
  for (int i = 0; i < 20; ++i) try_in_child(path, [&] { Hdf5File(path).array("images", 4).read_all(); });
  stop = true;
  for (auto& thread : threads) thread.join();
  CHECK(seconds_since(start) < 60);
}
#endif

TEST_CASE("where no process can be started a file is opened all the same") {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);  // no pipe to hear the child
  int calls = 0;
  const auto thrown = thrown_by([&] { try_in_child("none.h5", [&] { ++calls; }); });
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(thrown.code == ExitCode::done);
  CHECK(calls == 0);
}

TEST_CASE("no truncated and no randomly changed HDF5 file gets past the checks with anything but an Error") {
  const test::TemporaryFolder folder;
  test::write_waveform_file(folder / "good.h5", 3, 40, H5::PredType::IEEE_F32LE);
  WaveformHdf5Config config;
  config.train = (folder / "bad.h5").string();
  config.t_min = -39;
  config.t_max = config.t_step = 1;
  std::ifstream in(folder / "good.h5", std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(in)), {});
  // In a process of its own, since the library keeps some damaged files open for ever.
  auto code_of = [&](const std::string& bytes) {
    std::ofstream(folder / "bad.h5", std::ios::binary) << bytes;
    const pid_t child = fork();
    if (child == 0) {
      try {
        const Splits splits = data::open(config, 1);
        for (int64_t row = 0; row < std::min<int64_t>(splits.train->size(), 10); ++row) test::read_input(*splits.train, row);
      } catch (const Error& error) {
        _exit(static_cast<int>(error.code()));
      }
      _exit(0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
  };
  constexpr int kBadData = static_cast<int>(ExitCode::bad_data);
  for (size_t size = 0; size < good.size(); size += 61) CHECK(code_of(good.substr(0, size)) == kBadData);
  for (size_t at = 0; at < std::min<size_t>(good.size(), 2500); at += 7) {
    std::string changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 0x41);
    const int code = code_of(changed);
    CHECK((code == 0 || code == kBadData));
  }
}
