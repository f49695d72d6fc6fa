#include "hpcai/data/file_pattern.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "support.h"

using namespace hpcai;
using namespace hpcai::data;

TEST_CASE("a pattern names the files that fit, in order, and a plain name and the name of a file name themselves") {
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
  CHECK(names("w-?.h5:g/train") == Names{"train", "train"});  // file_name() of FILE:GROUP
  CHECK(files_of((folder / "v-*.h5:train").string()) == Names{(folder / "v-1.h5").string() + ":train"});
}

TEST_CASE("a pattern that fits nothing says what may have been meant") {
  const test::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "m[1]");
  std::ofstream(folder / "m[1]" / "t-1.h5") << "x";
  const auto remedy = [&](const std::string& pattern) {
    const auto thrown = test::thrown_by([&] { files_of((folder / pattern).string()); });
    CHECK(thrown.code == ExitCode::missing_input);
    return thrown.remedy;
  };
  const std::string meant = (folder / "m[[]1]/t-*.h5").string();
  CHECK(remedy("m[1]/t-*.h5") == "[ starts a set of characters. The name of the folder is meant by " + meant + ".");
  CHECK(files_of(meant).size() == 1);  // the remedy
  CHECK(remedy("t-{1,2}.h5").starts_with("Braces are no part of patterns"));
  CHECK(remedy("a.h5,b.h5") == "One pattern stands for several files; a list of names is none.");
  CHECK(remedy("x-*.h5") == "Check the folder and the pattern.");
}
