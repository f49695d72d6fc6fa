#include "hpcai/data/reused_memory.h"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <vector>

using namespace hpcai::data;

TEST_CASE("memory is kept for its next use, unless it is large, also after an error") {
  std::string bytes;
  std::vector<float> values;
  const auto use = [&](size_t count) {
    const ReusedMemory used_bytes(bytes);
    const ReusedMemory used_values(values);
    bytes.resize(4 * count);
    values.resize(count);
    if (count % 2 == 1) throw std::runtime_error("odd");
  };
  use(1000);
  CHECK(bytes.capacity() >= 4000);
  CHECK(values.capacity() >= 1000);
  use(kMostKeptBytes / 4);
  CHECK(values.capacity() == kMostKeptBytes / 4);
  use(kMostKeptBytes / 4 + 2);
  CHECK(bytes.capacity() < 100);
  CHECK(values.capacity() == 0);
  CHECK_THROWS(use(kMostKeptBytes / 4 + 1));
  CHECK(bytes.capacity() < 100);
  CHECK(values.capacity() == 0);
}
