#include "hpcai/core/utf8.h"

#include <catch2/catch.hpp>

using namespace hpcai;

TEST_CASE("only the sequences of RFC 3629 are UTF-8") {
  CHECK(utf8_length("a") == 1);
  CHECK(utf8_length("\xC3\xA9") == 2);
  CHECK(utf8_length("\xE2\x89\xA4") == 3);
  CHECK(utf8_length("\xF0\x9F\x8C\x8C") == 4);
  CHECK(utf8_length("") == 0);
  for (const char* wrong : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                            "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC3", "\xE2\x89", "\xFF"}) {
    CHECK(utf8_length(wrong) == 0);
  }
}

TEST_CASE("the first bad byte is found, and code points are counted") {
  CHECK_FALSE(find_invalid_utf8("\xC3\xA9t\xC3\xA9"));
  CHECK(find_invalid_utf8("ab\xE9") == size_t{2});
  CHECK(code_points("\xC3\xA9t\xC3\xA9") == 3);
  CHECK(bytes_of_first("\xC3\xA9t\xC3\xA9", 2) == 3);
  CHECK(bytes_of_first("\xFFz", 1) == 1);
  CHECK(bytes_of_first("ab", 9) == 2);
}

TEST_CASE("code points are appended, and what is none becomes U+FFFD") {
  std::string text;
  for (const uint32_t point : {0x61U, 0xE9U, 0x2264U, 0x1F30CU}) append_utf8(text, point);
  CHECK(text == "a\xC3\xA9\xE2\x89\xA4\xF0\x9F\x8C\x8C");
  for (const uint32_t none : {0xD800U, 0xDFFFU, 0x110000U}) {
    std::string replaced;
    append_utf8(replaced, none);
    CHECK(replaced == "\xEF\xBF\xBD");
  }
}
