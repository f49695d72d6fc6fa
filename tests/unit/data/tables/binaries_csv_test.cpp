#include <catch2/catch.hpp>
#include <fstream>

#include "../support.h"
#include "hpcai/data/tables/binaries_csv.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

std::vector<simulate::Binary> read(const std::string& text) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "b.csv") << text;
  return read_binaries_csv(folder / "b.csv");
}

void check_refused_csv(const std::string& text, const std::string& place, const std::string& reason) {
  CAPTURE(text);
  const auto thrown = test::thrown_by([&] { read(text); });
  CHECK(thrown.code == ExitCode::bad_data);
  CHECK_THAT(thrown.what, Catch::Contains("b.csv" + place) && Catch::Contains(reason));
}

}  // namespace

TEST_CASE("binaries are read from a table with columns in any order") {
  for (const char* text : {"# made by hand\r\nname, s2 ,q,s1\r\n\r\na,0.1,2,-0.3\r\nb,-0.8,8,+0.8\r\n",
                           "# name s2 q s1\na 0.1 2 -0.3\nb -0.8 8 +0.8\n", "q;s1;s2\n2;-0.3;0.1\n8;0.8;-0.8\n"}) {
    const auto binaries = read(text);
    REQUIRE(binaries.size() == 2);
    CHECK(binaries[0].mass_ratio == 2);
    CHECK(binaries[0].spin1 == -0.3);
    CHECK(binaries[0].spin2 == 0.1);
    CHECK(binaries[1].spin1 == 0.8);
  }
}

TEST_CASE("a bad table of binaries is refused with file and line") {
  check_refused_csv("", " is empty", "header");
  check_refused_csv("q,s1\n1,0\n", "", "no column s2");
  check_refused_csv("q,s1,s2,q\n1,0,0,1\n", ":1", "two columns");
  check_refused_csv("q,s1,s2\n1,0,0\n1,0\n", ":3", "2 cells");
  check_refused_csv("q,s1,s2\n1,zero,0\n", ":2", "s1 = 'zero'");
  check_refused_csv("q,s1,s2\n1,nan,0\n", ":2", "s1 = 'nan'");
  check_refused_csv("q;s1;s2\n1;0,5;0\n", ":2", "s1 = '0,5'");
  check_refused_csv("q,s1,s2\n\n9,0,0\n", ":3", "q = 9");
  CHECK(test::thrown_by([] { read_binaries_csv("/nowhere/binaries.csv"); }).code == ExitCode::missing_input);
}
