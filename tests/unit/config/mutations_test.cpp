#include <catch2/catch.hpp>

#include "hpcai/core/random.h"
#include "sample.h"

namespace {

std::string mutated(std::string text, hpcai::Random& random) {
  using namespace std::string_literals;  // a literal that may hold a zero byte
  static const std::string kTricky = ":-{}[],&*#?|><%@`'\"!\n\t \r\\.~0123456789eE+_=\x00\xff\xc3"s;
  for (uint64_t n = random.below(8); n < 8; ++n) {
    if (text.empty()) return text;
    const size_t at = random.below(text.size());
    const char byte = random.coin() ? kTricky[random.below(kTricky.size())] : static_cast<char>(random.below(256));
    switch (random.below(5)) {
      case 0: text.erase(at, 1 + random.below(20)); break;
      case 1: text.insert(at, 1, byte); break;
      case 2: text[at] = byte; break;
      case 3: text.insert(at, text.substr(random.below(text.size()), random.below(40))); break;
      default: text.resize(at + 1 + random.below(text.size() - at));
    }
  }
  return text;
}

}  // namespace

TEST_CASE("random damage to a config is refused with a report or read as a valid config, never more") {
  hpcai::Random random(9, 0, 0, hpcai::Purpose::test);
  const std::string start = sample::kFullText + "# note\n\"quoted\": &a [*b, 'x', |\n  text]\n";
  int refused = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string text = mutated(random.coin() ? sample::kFullText : start, random);
    const std::string complaint = sample::complaint(text);
    if (complaint.empty()) {
      const auto experiment = sample::parse(text);
      REQUIRE(hpcai::config::to_yaml(sample::parse(hpcai::config::to_yaml(experiment))) == hpcai::config::to_yaml(experiment));
      continue;
    }
    ++refused;
    REQUIRE(complaint.find("Nothing was started.") != std::string::npos);
    REQUIRE(complaint.find("--set") == std::string::npos);
  }
  CHECK(refused > 2000);
}

TEST_CASE("random damage to overrides never does more than a refusal") {
  hpcai::Random random(10, 0, 0, hpcai::Purpose::test);
  const std::vector<std::string> starts = {"optimizer.lr=1e-3", "optimizer={type: sgd, momentum: 0.1}", "channels=[1, 2, 3]"};
  for (int i = 0; i < 3000; ++i) {
    const std::string text = mutated(starts[random.below(starts.size())], random);
    const std::string complaint = sample::complaint(sample::kShortText, {text});
    REQUIRE((complaint.empty() || complaint.find("Nothing was started.") != std::string::npos));
  }
}
