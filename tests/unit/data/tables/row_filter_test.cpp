#include "hpcai/data/tables/row_filter.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>

#include "../support.h"
#include "hpcai/core/random.h"

using namespace hpcai;
using namespace hpcai::data;
using test::thrown_by;

namespace {

constexpr const char* kFilterTable =
    "name,a,b,class id,2mass\n"
    "x,1,2,E,5\n"
    "y,2,,S,6\n"
    "z,-3,nan,S,\n"
    "it's,4,0,E,8\n";

// Which of the rows x, y, z, it's remain, as "1001".
std::string kept_by(const std::string& condition, const std::string& table = kFilterTable) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "t.csv") << table;
  const Csv csv(folder / "t.csv");
  std::string kept;
  for (const char keep : RowFilter(condition, "data.filter").keeps(csv)) kept += keep != 0 ? '1' : '0';
  return kept;
}

std::string syntax_error(const std::string& condition) {
  const auto thrown = thrown_by([&] { RowFilter(condition, "data.filter"); });
  CHECK(thrown.code == ExitCode::usage);
  return std::string(thrown.what.substr(0, thrown.what.find('\n')));
}

}  // namespace

TEST_CASE("conditions on columns choose rows") {
  CHECK(kept_by("a > 1") == "0101");
  CHECK(kept_by("a >= 1 and a < 4") == "1100");
  CHECK(kept_by("a = 1 or a == 4") == "1001");
  CHECK(kept_by("a != 1") == "0111");
  CHECK(kept_by("a <> 1 AND not a <= 2") == "0001");
  CHECK(kept_by("name = 'it''s'") == "0001");
  CHECK(kept_by("\"class id\" == 'S' or `2mass` = 8") == "0111");
  CHECK(kept_by("'E' != \"class id\"") == "0110");
  CHECK(kept_by("A + 1 > 2 * (3 - 1) - .5e1/-5") == "0000");
  CHECK(kept_by("a + 1 >= 2 * (3 - 1) - .5e1/5") == "0101");
  CHECK(kept_by("-a > 0") == "0010");
  CHECK(kept_by("1 - 2 - 3 == -4") == "1111");
  CHECK(kept_by("8 / 2 / 2 == 2 and 2 + 3 * 4 = 14") == "1111");
  CHECK(kept_by("a > 1 or a > 0 and a > 100") == "0101");
  CHECK(kept_by("(a > 1 or a > 0) and a > 100") == "0000");
  CHECK(kept_by("name == \"class id\"") == "0000");
  CHECK(kept_by("a / 3 * 0.3 >= 0.1 and a * 0.1 + 0.2 <= 0.3") == "1000");  // not exact in binary
}

TEST_CASE("a comparison with a missing cell is false") {
  CHECK(kept_by("b >= 0") == "1001");
  CHECK(kept_by("b < 0") == "0000");
  CHECK(kept_by("b != 2") == "0001");
  CHECK(kept_by("not b = 2") == "0111");
  CHECK(kept_by("b + 1 > 0") == "1001");
  CHECK(kept_by("a / b > 0") == "1000");  // nor has a division by zero a value
  CHECK(kept_by("b == b") == "1001");
}

TEST_CASE("a faulty condition is refused with the place") {
  CHECK(syntax_error("") == "data.filter, character 1: expected a number, a column or (, found the end");
  CHECK(syntax_error("a") == "data.filter, character 1: a value where a condition is expected; compare it, as in SPIRAL == 1");
  CHECK(syntax_error("a > > 3") == "data.filter, character 5: expected a number, a column or (, found '>'");
  CHECK(syntax_error("a > 3 b") == "data.filter, character 7: expected and, or, or the end, found the column b");
  CHECK(syntax_error("1 < a < 3") == "data.filter, character 7: a second comparison; join two by and");
  CHECK(syntax_error("(a > 3") == "data.filter, character 7: expected ), found the end");
  CHECK(syntax_error("(a > 3) + 1 > 2") == "data.filter, character 4: a condition where a value is expected");
  CHECK(syntax_error("a > 'x'") == "data.filter, character 5: a text is equal (==) or not (!=), neither larger nor smaller");
  CHECK(syntax_error("2 == 'x'") == "data.filter, character 6: a text can be compared with a column only");
  CHECK(syntax_error("a = 'x") == "data.filter, character 5: a quote is opened and never closed");
  CHECK(syntax_error("a > 1 && b > 2") == "data.filter, character 7: write and");
  CHECK(syntax_error("!a") == "data.filter, character 1: write not");
  CHECK(syntax_error("a > 3$") == "data.filter, character 6: a character that has no meaning here: $");
  CHECK(syntax_error("2mass > 3").find("a number that goes on with letters") != std::string::npos);
  CHECK(syntax_error("a > 1e999").find("too large") != std::string::npos);
  CHECK(syntax_error("a = 587738947730997733").find("as a 'text'") != std::string::npos);
  CHECK(syntax_error(std::string(300, '(') + "a > 1").find("more than 200 levels") != std::string::npos);
  CHECK(syntax_error("a > 1" + std::string(10000, ' ')) == "data.filter: a condition of 10005 bytes");
  CHECK(thrown_by([] { RowFilter("a > > 3", "data.filter"); }).what.ends_with("\n  a > > 3\n      ^"));
}

TEST_CASE("an unknown column and a cell that is no number are named") {
  const auto unknown = thrown_by([] { kept_by("nam = 'x'"); });
  CHECK(unknown.code == ExitCode::usage);
  CHECK(unknown.what.find("t.csv has no column nam. Did you mean name") != std::string::npos);
  const auto text = thrown_by([] { kept_by("name > 3"); });
  CHECK(text.code == ExitCode::bad_data);
  CHECK(text.what.find("t.csv:2: column name holds 'x', no number") != std::string::npos);
}

TEST_CASE("the published cuts give the published numbers of galaxies") {
  const auto folder = test::real_data("dl_des_labels");
  if (folder.empty()) return;
  const Csv csv(folder / "validation_set.csv");
  const auto count = [&](const std::string& condition) {
    const auto kept = RowFilter(condition, "data.filter").keeps(csv);
    return std::count(kept.begin(), kept.end(), 1);
  };
  CHECK(csv.rows() == 963);
  CHECK(count("P_CS_DEBIASED >= 0.985 or P_EL_DEBIASED >= 0.926") == 963);
  CHECK(count("P_CS_DEBIASED >= 0.985") == 456);
  CHECK(count("P_EL_DEBIASED >= 0.926") == 507);
  CHECK(count("SPIRAL = 1") == count("P_CS > P_EL and SPIRAL = 1"));
}

TEST_CASE("no condition of random words upsets the parser") {
  const std::vector<std::string> words = {"a", "b", "1", "2.5", "'x'", "\"class id\"", "(", ")", "and", "or",  "not", "+",
                                          "-", "*", "/", "<",   ">=",  "==",           "!", "'", "\"",  "1e9", ".",   "\xff"};
  int accepted = 0;
  for (uint64_t seed = 0; seed < 20000; ++seed) {
    Random random(0, 0, seed, Purpose::test);
    std::string text;
    const auto length = 1 + random.below(12);
    for (uint64_t i = 0; i < length; ++i)
      text += words[static_cast<size_t>(random.below(words.size()))] + (random.below(4) == 0 ? "" : " ");
    const auto thrown = thrown_by([&] { RowFilter(text, "data.filter"); });
    CHECK((thrown.code == ExitCode::done || thrown.code == ExitCode::usage));
    accepted += thrown.code == ExitCode::done;
  }
  CHECK(accepted > 10);
}
