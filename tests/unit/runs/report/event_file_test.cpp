#include "check.h"

#include "hpcai/runs/report/events/event_file.h"

#include <string>

#include "hpcai/runs/report/events/crc32c.h"

using namespace hpcai::runs::report;

// RFC 3720, appendix B.4, and the check value of the Catalogue of parametrised CRC algorithms.
TEST_CASE("CRC-32C has the published values") {
  std::string rising;
  for (int i = 0; i < 32; ++i) rising += static_cast<char>(i);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AA);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62A8AB43);
  CHECK(crc32c(rising) == 0x46DD794E);
  CHECK(crc32c(std::string(rising.rbegin(), rising.rend())) == 0x113FDB5C);
  CHECK(crc32c("123456789") == 0xE3069283);
  CHECK(crc32c("") == 0);
}

// The record that TensorFlow's writer begins each file with, at time 0: version "brain.Event:2".
TEST_CASE("A record has its length, its content and both checksums") {
  const std::string content = "abc";
  const std::string record = tf_record(content);
  REQUIRE(record.size() == 8 + 4 + 3 + 4);
  CHECK(record.substr(0, 8) == std::string("\x03\0\0\0\0\0\0\0", 8));
  CHECK(record.substr(12, 3) == content);
  const auto number = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) value |= static_cast<uint32_t>(static_cast<unsigned char>(record[at + i])) << (8 * i);
    return value;
  };
  CHECK(number(8) == masked_crc32c(record.substr(0, 8)));
  CHECK(number(15) == masked_crc32c(content));
}

TEST_CASE("An event is the protocol buffer of its fields") {
  const std::string file = event_file(0, {{.tag = "t", .step = 300, .time_s = 1, .value = 0.5}});
  const std::string version = std::string("\x09\0\0\0\0\0\0\0\0", 9) +
                              "\x1a\x0d"
                              "brain.Event:2";
  CHECK(file.starts_with(tf_record(version)));
  // wall_time 1.0 = 0x3FF0000000000000, step 300 = AC 02, summary { value { tag "t" simple_value 0.5 = 0x3F000000 } }
  const std::string event = std::string("\x09\0\0\0\0\0\0\xf0\x3f", 9) + "\x10\xac\x02" + "\x2a\x0a\x0a\x08\x0a\x01t\x15" +
                            std::string("\0\0\0\x3f", 4);
  CHECK(file == tf_record(version) + tf_record(event));
}
