#include <catch2/catch.hpp>

#include <regex>

#include "hpcai/config/nearest_keys.h"
#include "hpcai/core/random.h"
#include "sample.h"

using hpcai::config::Row;

namespace {

// One slip of the fingers: a letter dropped, added, replaced or swapped with the next one.
std::string with_typo(std::string word, hpcai::Random& random) {
  const size_t at = random.below(word.size());
  const char letter = static_cast<char>('a' + random.below(26));
  switch (random.below(4)) {
    case 0: word.erase(at, 1); break;
    case 1: word.insert(at, 1, letter); break;
    case 2: word[at] = letter; break;
    default: std::swap(word[at], word[at + 1 < word.size() ? at + 1 : at - 1]);
  }
  return word;
}

// The full text with the key of line `number` replaced.
std::string with_key(const std::vector<std::string>& lines, size_t number, const std::string& key) {
  std::string text;
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t begin = lines[i].find_first_not_of(" -");
    const size_t colon = lines[i].find(':');
    text += (i == number ? lines[i].substr(0, begin) + key + lines[i].substr(colon) : lines[i]) + "\n";
  }
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace

TEST_CASE("single typos of keys are never accepted and nearly always traced to the right key") {
  const auto lines = lines_of(sample::kFullText);
  hpcai::Random random(3, 0, 0, hpcai::Purpose::test);
  int tried = 0;
  int right = 0;
  std::string wrong;
  while (tried < 400) {
    const size_t number = random.below(lines.size());
    const std::string& line = lines[number];
    if (line.find('{') != std::string::npos) continue;
    const size_t begin = line.find_first_not_of(" -");
    const std::string key = line.substr(begin, line.find(':') - begin);
    const std::string typo = with_typo(key, random);
    if (typo == key || typo.empty()) continue;
    const std::string complaint = sample::complaint(with_key(lines, number, typo));
    REQUIRE_FALSE(complaint.empty());
    ++tried;
    const std::string first = complaint.substr(0, complaint.find('\n'));
    const size_t offered = first.find("Did you mean ");
    const bool traced = first.find("c.yaml:" + std::to_string(number + 1) + ":") == 0 && offered != std::string::npos &&
                        std::regex_search(first.substr(offered), std::regex("[. ]" + key + "(,| or | \\(|\\?)"));
    right += traced;
    if (!traced) wrong += typo + " for " + key + ": " + first + "\n";
  }
  INFO(wrong);
  CHECK(right >= tried * 95 / 100);
  CHECK(tried == 400);
}

TEST_CASE("names related otherwise are found too") {
  const std::vector<std::string> names = {"lr", "weight_decay", "global_batch", "epochs", "optimizer", "timeout_s"};
  const auto nearest = [&](const std::string& written) { return hpcai::config::nearest_names(written, names); };
  using Names = std::vector<std::string>;
  CHECK(nearest("learning_rate") == Names{"lr"});
  CHECK(nearest("wd") == Names{"weight_decay"});
  CHECK(nearest("batch_size") == Names{"global_batch"});
  CHECK(nearest("optim") == Names{"optimizer"});
  CHECK(nearest("optimiser") == Names{"optimizer"});
  CHECK(nearest("timeout") == Names{"timeout_s"});
  CHECK(nearest("Weight-Decay") == Names{"weight_decay"});
  CHECK(nearest("GLOBALBATCH") == Names{"global_batch"});
  for (const std::string& nonsense : {std::string("zebra"), std::string(), std::string("---"), std::string(100000, 'l')}) {
    INFO(nonsense.substr(0, 20));
    CHECK(nearest(nonsense).empty());
  }
}

TEST_CASE("a section that exists makes no two keys alike, and one that does not is compared with the whole path") {
  const std::vector<std::string> keys = {"schedule",       "schedule.factor", "schedule.patience",     "optimizer.lr",
                                         "optimizer.beta", "training.epochs", "training.global_batch", "batch_norm"};
  const auto nearest = [&](const std::string& written) { return hpcai::config::nearest_names(written, keys); };
  using Names = std::vector<std::string>;
  CHECK(nearest("schedule.zzzzzz").empty());
  CHECK(nearest("schedule.fator") == Names{"schedule.factor"});
  CHECK(nearest("schedule.lr") == Names{"optimizer.lr"});
  CHECK(nearest("schedul.factor") == Names{"schedule.factor"});
  CHECK(nearest("schedule_factor") == Names{"schedule.factor"});
  CHECK(nearest("optimiser.learning_rate").front() == "optimizer.lr");
  CHECK(nearest("training.batch_size") == Names{"training.global_batch"});
  CHECK(nearest("schedule.factor.zzzzzz").empty());
}
