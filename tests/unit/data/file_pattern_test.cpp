#include "hpcai/data/file_pattern.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "support.h"

using namespace hpcai;
using namespace hpcai::data;

TEST_CASE("a pattern names the files that fit, in order; a plain name and the name of a file name themselves") {
  const test::TemporaryFolder folder;
  for (const char* name : {"w-2.h5", "w-10.h5", "w-1.h5", "v-1.h5", "w[1].h5", "w1.h5"}) std::ofstream(folder / name) << "x";
  auto names = [&](const std::string& pattern) {
    std::vector<std::string> found;
    for (const std::string& path : files_of((folder / pattern).string())) {
      found.push_back(std::filesystem::path(path).filename().string());
    }
    return found;
  };
  using Names = std::vector<std::string>;
  CHECK(names("w-*.h5") == Names{"w-1.h5", "w-10.h5", "w-2.h5"});
  CHECK(names("w-?.h5") == Names{"w-1.h5", "w-2.h5"});
  CHECK(names("[vw]-1.h5") == Names{"v-1.h5", "w-1.h5"});
  CHECK(names("w[1].h5") == Names{"w[1].h5"});        // there is such a file
  CHECK(names("missing.h5") == Names{"missing.h5"});  // whoever opens it tells
  const auto thrown = test::thrown_by([&] { names("x-*.h5"); });
  CHECK(thrown.code == ExitCode::missing_input);
  CHECK(thrown.what == "no file has a name like " + (folder / "x-*.h5").string());
}
