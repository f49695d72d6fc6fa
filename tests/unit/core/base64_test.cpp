#include "hpcai/core/base64.h"

#include <catch2/catch.hpp>
#include <string>

using namespace hpcai;

TEST_CASE("Base64 is that of RFC 4648, section 10") {
  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64(std::string_view("\0\xFF\xFE", 3)) == "AP/+");
}

TEST_CASE("pieces of a long text join without a gap") {
  const std::string text = base64(std::string((3 << 20) + 1, 'f'));
  CHECK(text.size() == (4 << 20) + 4);
  CHECK(text.substr((4 << 20) - 4) == "ZmZmZg==");
}
