#include "hpcai/data/class_name_rules.h"

#include <catch2/catch.hpp>

#include "support.h"

using namespace hpcai;
using namespace hpcai::data;

namespace {

std::string refusal(const std::vector<std::string>& names, bool are_stated = false) {
  const auto thrown = test::thrown_by([&] {
    check_class_names(names, {"class name", [](size_t i) { return "name " + std::to_string(i); }, nullptr, "in the list",
                              ExitCode::bad_data, are_stated});
  });
  CHECK(thrown.remedy.empty() == thrown.what.empty());
  return thrown.what;
}

}  // namespace

TEST_CASE("names that cannot be told apart or shown are refused, also where the user has listed them") {
  for (const bool are_stated : {false, true}) {
    CHECK(refusal({"a", "a "}, are_stated) == "name 1: class name 'a ' has blanks at its ends");
    CHECK(refusal({"a",
                   "\xC2\xA0"
                   "b"},
                  are_stated)
              .ends_with("has blanks at its ends"));
    CHECK(refusal({"a", ""}, are_stated) == "name 1: class name '' is empty");
    CHECK(refusal({"a", "b", "a"}, are_stated) == "name 2: names the class a twice");
    CHECK(refusal({"a", "b\033[2J"}, are_stated) == "name 1: class name 'b\\x1b[2J' holds a control character");
    CHECK(refusal({"a", "\xE9"}, are_stated) == "name 1: class name '\\xe9' is not UTF-8");
  }
}

TEST_CASE("words for a missing value and spellings of one name are refused unless the user has listed them") {
  const std::string composed = "\xC3\xA9toile", decomposed = "e\xCC\x81toile";
  const std::pair<std::vector<std::string>, std::string> doubtful[] = {
      {{"a", "nan"}, "name 1: class name 'nan' stands for a missing value"},
      {{"spiral", "Spiral"}, "name 1: class name 'Spiral' differs from 'spiral' in upper and lower case alone"},
      {{"0", "1", "0.0"}, "name 2: class name '0.0' differs from '0' only in how the number is written"},
      {{"1e1", "+10"}, "name 1: class name '+10' differs from '1e1' only in how the number is written"},
      {{composed, decomposed},
       "name 1: class name '" + decomposed + "' differs from '" + composed +
           "' only in how accents are encoded (Unicode NFC and NFD)"},
      {{decomposed, composed},
       "name 1: class name '" + composed + "' differs from '" + decomposed +
           "' only in how accents are encoded (Unicode NFC and NFD)"}};
  for (const auto& [names, message] : doubtful) {
    CHECK(refusal(names) == message);
    CHECK(refusal(names, /*are_stated=*/true).empty());
  }
  CHECK(test::thrown_by([] { check_stated_class_names({"nan", "NaN"}); }).what.empty());
  const auto twice = test::thrown_by([] { check_stated_class_names({"a", "b", "a"}); });
  CHECK(twice.code == ExitCode::usage);
  CHECK(twice.what == "data.classes: names the class a twice");
}

TEST_CASE("names that differ in more than their spelling are different classes") {
  CHECK(refusal({"0", "1", "-1", "0.5", "01x", "9007199254740992", "9007199254740993"}).empty());
  CHECK(refusal({"f\xC3\xBCr", "f\xC3\xA4r", "fur"}).empty());
  CHECK(refusal({"fu\xCC\x88r", "fa\xCC\x88r", "fur"}).empty());
}
