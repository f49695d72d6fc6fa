#include "hpcai/core/log.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "hpcai/core/file.h"

using namespace hpcai;
namespace fs = std::filesystem;

TEST_CASE("a log line holds no control character but line ends and tabs") {
  std::string pattern = (fs::temp_directory_path() / "hpcai-log-XXXXXX").string();
  const fs::path folder = mkdtemp(pattern.data());
  log::open_file((folder / "log.txt").string());
  log::warning("{}", "red \x1b[31m, bell \a, caf\xe9\n\tsecond line");
  log::close_file();
  const std::string text = read_file(folder / "log.txt");
  fs::remove_all(folder);
  CHECK(text.find("Z warning: red \\x1b[31m, bell \\x07, caf\\xe9\n\tsecond line\n") == 20 - 1);
}
