#include "hpcai/core/log.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "hpcai/core/file.h"

using namespace hpcai;
namespace fs = std::filesystem;

namespace {

// What the log file holds after `talk`.
std::string logged(const std::function<void()>& talk) {
  std::string pattern = (fs::temp_directory_path() / "hpcai-log-XXXXXX").string();
  const fs::path folder = mkdtemp(pattern.data());
  log::open_file((folder / "log.txt").string());
  talk();
  log::close_file();
  const std::string text = read_file(folder / "log.txt");
  fs::remove_all(folder);
  return text;
}

}  // namespace

TEST_CASE("a log line holds no control character but line ends and tabs") {
  const std::string text = logged([] { log::warning("{}", "red \x1b[31m, bell \a, caf\xe9\n\tsecond line"); });
  CHECK(text.find("Z warning: red \\x1b[31m, bell \\x07, caf\\xe9\n\tsecond line\n") == 20 - 1);
}

TEST_CASE("a warning about what all ranks find alike is said by rank 0 alone, others by each rank") {
  const auto talk = [] {
    log::warning("{} of {}", "disk", 1);
    log::shared_warning("{} of {}", "data", 2);
  };
  const std::string of_0 = logged(talk);
  CHECK(of_0.find("Z warning: disk of 1\n") != std::string::npos);
  CHECK(of_0.find("Z warning: data of 2\n") != std::string::npos);
  log::set_rank(3);
  const std::string of_3 = logged(talk);
  log::set_rank(0);
  CHECK(of_3.find("Z [rank 3] warning: disk of 1\n") != std::string::npos);
  CHECK(of_3.find("data") == std::string::npos);
}
