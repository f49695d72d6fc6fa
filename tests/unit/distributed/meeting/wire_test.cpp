#include "hpcai/distributed/meeting/wire.h"

#include <catch2/catch.hpp>
#include <cstdint>

using namespace hpcai::distributed;

TEST_CASE("messages are taken off a buffer whole, and only if they can be messages") {
  std::string buffer = framed("one") + framed("") + framed("two").substr(0, 5), message;
  CHECK(take_message(buffer, message));
  CHECK(message == "one");
  CHECK(take_message(buffer, message));
  CHECK(message.empty());
  CHECK_FALSE(take_message(buffer, message));
  buffer += framed("two").substr(5);
  CHECK(take_message(buffer, message));
  CHECK(message == "two");
  buffer = "\xff\xff\xff\xff";
  CHECK_THROWS(take_message(buffer, message));
}

TEST_CASE("fields come back as they were packed, and a short message is refused") {
  const std::string packed = Packer().number(-7).text(std::string("a\0b", 3)).number(INT64_MAX).bytes();
  Unpacker fields(packed);
  CHECK(fields.number() == -7);
  CHECK(fields.text() == std::string("a\0b", 3));
  CHECK(fields.number() == INT64_MAX);
  CHECK(fields.at_end());
  for (size_t size = 0; size < packed.size(); ++size) {
    Unpacker cut(std::string_view(packed).substr(0, size));
    CHECK_THROWS([&] { cut.number(), cut.text(), cut.number(); }());
  }
  CHECK_THROWS(Unpacker(Packer().number(-1).bytes()).text());
}
