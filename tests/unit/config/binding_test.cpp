#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "hpcai/core/random.h"
#include "sample.h"

using namespace hpcai::config;
using sample::Experiment;

TEST_CASE("a full file fills every kind of field") {
  const Experiment e = sample::parse(sample::kFullText);
  CHECK(e.name == "full");
  const auto& data = std::get<sample::Simulated>(e.data);
  CHECK(data.samples == 5000);
  CHECK(data.time_step == 0.25);
  CHECK(data.mass_ratios == std::vector<double>{1, 4.5});
  CHECK(e.batch_norm == sample::BatchNorm::synchronised);
  CHECK(e.channels == std::vector<int64_t>{32, 64});
  CHECK(e.fallbacks == std::vector{sample::Precision::bf16, sample::Precision::fp32});
  CHECK(std::get<sample::Adam>(e.optimizer).lr == 1e-3);
  CHECK(std::get<sample::Adam>(e.optimizer).weight_decay == 0.01);
  CHECK(e.schedule.patience == 2);
  CHECK(e.training.seed == 7);
  CHECK(e.training.precision == sample::Precision::bf16);
  CHECK(e.training.clip_norm == 1.5);
  REQUIRE(e.training.stages.size() == 2);
  CHECK(e.training.stages[1].epochs == 2);
  CHECK(e.training.stages[1].trainable_from == "40");
  REQUIRE(e.augmentation.size() == 2);
  CHECK(std::get<sample::Rotate>(e.augmentation[1]).max_angle == 90);
  REQUIRE(e.average);
  CHECK(e.average->decay == 0.99);
  CHECK(e.distributed.port == 29500);
}

TEST_CASE("keys left out keep the defaults of the object that holds them") {
  const Experiment e = sample::parse(sample::kShortText);
  CHECK(std::get<sample::Adam>(e.optimizer).lr == 5e-4);
  CHECK(e.schedule.patience == 7);
  CHECK_FALSE(e.training.clip_norm);
  CHECK_FALSE(e.average);
  // settings of the default type need no type; another type starts from its own defaults
  CHECK(std::get<sample::Adam>(sample::parse(sample::kShortText + "optimizer: {beta1: 0.8}\n").optimizer).lr == 5e-4);
  CHECK(std::get<sample::Sgd>(sample::parse(sample::kShortText + "optimizer: {type: sgd}\n").optimizer).lr == 0.1);
}

TEST_CASE("null empties an optional setting") {
  const std::string text = sample::kShortText + "average: null\n";
  CHECK_FALSE(sample::parse(text).average);
  CHECK_FALSE(sample::parse(sample::kFullText, {"training.clip_norm=null"}).training.clip_norm);
}

TEST_CASE("what is written as YAML reads back as the same object, bit for bit") {
  Experiment e = sample::parse(sample::kFullText);
  e.name = "a: \"quoted\" # text\twith\nline ends, \\ and \x01\x7f \xC2\x85 \xE2\x80\xA8 \xEF\xBB\xBF \xC3\xA9";
  e.distributed.interface = "no";
  e.training.stages[0].trainable_from = "010";
  const std::string text = to_yaml(e);
  INFO(text);
  const Experiment again = sample::parse(text);
  CHECK(again.name == e.name);
  CHECK(again.distributed.interface == "no");
  CHECK(again.training.stages[0].trainable_from == "010");
  CHECK(to_yaml(again) == text);
  // a minimal file, and empty lists
  const Experiment small = sample::parse(sample::kShortText);
  CHECK(to_yaml(sample::parse(to_yaml(small))) == to_yaml(small));
}

TEST_CASE("doubles survive writing and reading bit for bit, whatever they are") {
  hpcai::Random random(1, 0, 0, hpcai::Purpose::test);
  Experiment e = sample::parse(sample::kShortText);
  std::vector<double> values = {5e-324, 1.7976931348623157e308, 0.1, 1e22, 1e-10, 123456789, 2.2250738585072014e-308};
  while (values.size() < 2000) {
    const uint64_t bits = (uint64_t{random.bits()} << 32 | random.bits()) & ~(uint64_t{1} << 63);
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isfinite(value) && value > 0) values.push_back(value);
  }
  size_t equal = 0;
  for (const double value : values) {
    const std::string text = write_flow(value);
    REQUIRE(text.find('.') != std::string::npos);  // YAML 1.1 readers take 1e-10 for text
    e.distributed.timeout_s = value;
    equal += sample::parse(to_yaml(e)).distributed.timeout_s == value;
  }
  CHECK(equal == values.size());
}

TEST_CASE("integers up to the ends of 64 bits are read exactly") {
  const auto seed = [](const std::string& value) {
    return sample::parse(sample::kShortText, {"training.seed=" + value}).training.seed;
  };
  CHECK(seed("9223372036854775807") == 9223372036854775807ULL);
  CHECK(seed("+5") == 5);
  CHECK(sample::complaint(sample::kShortText, {"training.seed=9223372036854775808"}).find("64 bits") != std::string::npos);
  CHECK(sample::complaint(sample::kShortText, {"training.seed=-1"}).find("must be at least 0") != std::string::npos);
  CHECK(sample::complaint(sample::kShortText, {"training.log_every_steps=3000000000"})
            .find("must be at least 1 and at most 2147483647") != std::string::npos);
}

TEST_CASE("the description enumerates every alternative and has no faults") {
  CHECK(description_faults<Experiment>().empty());
  std::vector<std::string> paths;
  const Section section = description<Experiment>();
  for (const Row& row : rows(section)) paths.push_back(row.path);
  for (const char* path : {"data.type", "data.train_file", "data.samples", "optimizer.momentum", "optimizer.beta1",
                           "training.stages[].epochs", "augmentation[].type", "augmentation[].max_angle", "average.decay"}) {
    CHECK(std::count(paths.begin(), paths.end(), path) == 1);
  }
  CHECK(std::count(paths.begin(), paths.end(), "optimizer.lr") == 2);
}

namespace {
struct Faulty {
  double rate = 2;
  int64_t again = 0;
  double limitless = std::numeric_limits<double>::infinity();
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("rate", rate, {.help = "Out of its range.", .max = 1});
    visitor.field("rate", again, {.help = "Taken."});
    visitor.field("limitless", limitless, {.help = ""});
  }
};
}  // namespace

TEST_CASE("faults of a description are found") {
  CHECK(description_faults<Faulty>() == std::vector<std::string>{"rate has a default out of its range", "rate is taken",
                                                                 "limitless has no help",
                                                                 "limitless has a default out of its range"});
}
