#include <catch2/catch.hpp>

#include <algorithm>

#include "hpcai/core/error.h"
#include "hpcai/core/random.h"
#include "hpcai/distributed/world/host_list.h"

using hpcai::distributed::expand_host_list;
using Hosts = std::vector<std::string>;

TEST_CASE("a Slurm host list is expanded in its order") {
  const auto [text, hosts] = GENERATE(table<std::string, Hosts>({
      {"login", {"login"}},
      {"a,b,c", {"a", "b", "c"}},
      {"n[1-3]", {"n1", "n2", "n3"}},
      {"n[08-10]", {"n08", "n09", "n10"}},
      {"n[001-002,7]", {"n001", "n002", "n7"}},
      {"hal[01-04,7,9-12]-ib",
       {"hal01-ib", "hal02-ib", "hal03-ib", "hal04-ib", "hal7-ib", "hal9-ib", "hal10-ib", "hal11-ib", "hal12-ib"}},
      {"r[1-2]c[0-1]", {"r1c0", "r1c1", "r2c0", "r2c1"}},
      {"r[1-2][03-04],x", {"r103", "r104", "r203", "r204", "x"}},
      {"n[9-11],gpu-[1,3]", {"n9", "n10", "n11", "gpu-1", "gpu-3"}},
      {"[1-2]", {"1", "2"}},
      {"n[5]", {"n5"}},
      {"a.b.c[1-2].org", {"a.b.c1.org", "a.b.c2.org"}},
  }));
  INFO(text);
  CHECK(expand_host_list(text) == hosts);
}

TEST_CASE("text that is not a host list is refused with status 2") {
  const auto* text =
      GENERATE("", ",", "a,", ",a", "n[", "n]", "n[1", "n[]", "n[1-]", "n[-1]", "n[2-1]", "n[a-b]", "n[1[2]]", "n[1,]",
               "n[1-99999999999999999999]", "n[0-9999999]", "n[0-999][0-999][0-999]", "n[0-500000],m[0-500000],n[1 -2]");
  INFO(text);
  try {
    expand_host_list(text);
    FAIL("accepted");
  } catch (const hpcai::Error& error) {
    CHECK(error.code() == hpcai::ExitCode::usage);
    CHECK(std::string(error.what()).find("host list") != std::string::npos);
  }
}

namespace {

// An independent writer of host lists: runs of consecutive numbers of one width become ranges.
std::string compress(const std::string& prefix, const std::vector<int>& numbers, int width, const std::string& suffix) {
  const auto digits = [width](int n) {
    std::string text = std::to_string(n);
    return std::string(std::max<int>(0, width - static_cast<int>(text.size())), '0') + text;
  };
  std::string list = prefix + "[";
  for (size_t i = 0; i < numbers.size();) {
    size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    if (i > 0) list += ",";
    list += digits(numbers[i]);
    if (last > i) list += "-" + digits(numbers[last]);
    i = last + 1;
  }
  return list + "]" + suffix;
}

}  // namespace

TEST_CASE("random host lists come back as the hosts that they were made from") {
  for (uint64_t trial = 0; trial < 2000; ++trial) {
    hpcai::Random random(11, 0, trial, hpcai::Purpose::test);
    std::string list;
    Hosts hosts;
    const auto elements = 1 + random.below(3);
    for (uint64_t element = 0; element < elements; ++element) {
      const std::string prefix = "p" + std::string(1, static_cast<char>('a' + random.below(26))) + "-";
      const std::string suffix = random.coin() ? "" : ".x" + std::string(1, static_cast<char>('a' + random.below(26)));
      const int width = static_cast<int>(random.below(5));
      std::vector<int> numbers;
      for (int n = static_cast<int>(random.below(120)); numbers.size() < 1 + random.below(12); n += random.coin() ? 1 : 2)
        numbers.push_back(n);
      if (element > 0) list += ",";
      list += compress(prefix, numbers, width, suffix);
      for (int n : numbers) {
        std::string digits = std::to_string(n);
        while (static_cast<int>(digits.size()) < width) digits = "0" + digits;
        hosts.push_back(prefix + digits + suffix);
      }
    }
    INFO(list);
    REQUIRE(expand_host_list(list) == hosts);
  }
}
