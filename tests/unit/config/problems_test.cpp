#include <catch2/catch.hpp>

#include "sample.h"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using sample::complaint;
using sample::complaint_about_lines;

TEST_CASE("all problems of a file are told at once, by line, with what is allowed") {
  const std::string text = R"(data:
  type: simulated
  samples: 0
training:
  global_batch: 128
  epochs: many
optimizer:
  type: adam
  learning_rate: 0.1
  beta1: 1
distributed:
  timeout_s: -3
batch_norm: lokal
)";
  CHECK(complaint(text) ==
        "c.yaml:3: data.samples is 0; it must be at least 1.\n"
        "c.yaml:6: training.epochs is many; it must be a whole number, at least 1.\n"
        "c.yaml:9: optimizer.learning_rate is not a setting. Did you mean optimizer.lr?\n"
        "c.yaml:10: optimizer.beta1 is 1; it must be at least 0 and less than 1.\n"
        "c.yaml:12: distributed.timeout_s is -3; it must be greater than 0 s.\n"
        "c.yaml:13: batch_norm is lokal; it must be local, synchronised or frozen. Did you mean local?\n"
        "6 problems found. Nothing was started.");
}

TEST_CASE("one problem is told in the singular") {
  CHECK(complaint_about_lines("nam: x\n") ==
        "c.yaml:3: nam is not a setting. Did you mean name?\n1 problem found. Nothing was started.");
}

TEST_CASE("a mistyped type still has its settings checked against the nearest one") {
  const std::string text = complaint_about_lines("optimizer:\n  type: adamm\n  lr: 1e-3\n  beta1: 7\n");
  CHECK_THAT(text, Contains("c.yaml:4: optimizer.type is adamm; it must be sgd or adam. Did you mean adam?\n"));
  CHECK_THAT(text, Contains("c.yaml:6: optimizer.beta1 is 7"));
  CHECK_THAT(text, Contains("2 problems"));
  CHECK_THAT(complaint_about_lines("optimizer: {tpye: sgd, momentum: 0}\n"),
             StartsWith("c.yaml:3: optimizer.tpye is not a setting. Did you mean optimizer.type (sgd or adam)?\n1 problem"));
  CHECK_THAT(complaint_about_lines("optimizer: {type: [sgd]}\n"), Contains("optimizer.type must be sgd or adam"));
}

TEST_CASE("keys in the wrong section or of another type are told where they belong") {
  CHECK_THAT(complaint_about_lines("patience: 3\n"), Contains("patience is not a setting. Did you mean schedule.patience?"));
  CHECK_THAT(complaint_about_lines("schedule: {lr: 3}\n"), Contains("schedule.lr is not a setting. Did you mean optimizer.lr?"));
  CHECK_THAT(complaint_about_lines("optimizer: {momentum: 0.5}\n"),
             Contains("optimizer.momentum is not a setting. It is one only with optimizer.type: sgd."));
  CHECK_THAT(complaint_about_lines("momentum: 0.5\n"),
             Contains("momentum is not a setting. Did you mean optimizer.momentum (with optimizer.type: sgd)?"));
  CHECK_THAT(complaint("data: {type: simulated}\ntraining: {batch_size: 3}\n"), Contains("Did you mean training.global_batch?"));
  CHECK_THAT(complaint_about_lines("schedule: {zzzzzz: 3}\n"), Contains("Run `hpcai-train keys schedule` for the list."));
}

TEST_CASE("missing required settings are told once") {
  CHECK(complaint("name: x\n") ==
        "c.yaml:1: data is required. Choose data.type: simulated or hdf5.\n"
        "c.yaml:1: training.global_batch is required. It must be a whole number, at least 1.\n"
        "2 problems found. Nothing was started.");
  CHECK_THAT(complaint("data: {type: hdf5}\ntraining:\n  epochs: 3\n"),
             Contains("c.yaml:1: data.train_file is required. It must be text.\n") &&
                 Contains("c.yaml:2: training.global_batch is required."));
  CHECK_THAT(complaint("data: {samples: 3}\ntraining: {global_batch: 3}\n"),
             StartsWith("c.yaml:1: data.type is required. It must be simulated or hdf5.\n1 problem"));
  CHECK_THAT(complaint_about_lines("augmentation:\n  - probability: 0.5\n"),
             Contains("c.yaml:4: augmentation[0].type is required."));
  // a misspelt key is not also missing
  CHECK_THAT(complaint("data: {type: simulated}\ntraining: {global_bacth: 3}\n"), Contains("1 problem"));
  CHECK_THAT(complaint("dat: {type: simulated}\ntraining: {global_batch: 3}\n"), Contains("1 problem"));
}

TEST_CASE("wrong kinds of value are told") {
  CHECK_THAT(complaint_about_lines("schedule: 3\n"), Contains("schedule is 3; it must be a section with settings of its own"));
  CHECK_THAT(complaint_about_lines("optimizer: adam\n"), Contains("optimizer is adam; it must be a section"));
  CHECK_THAT(complaint_about_lines("schedule:\n"), Contains("c.yaml:3: schedule has no value"));
  CHECK_THAT(complaint_about_lines("name:\n"), Contains("name has no value; it must be text"));
  CHECK_THAT(complaint_about_lines("name: {a: 1}\n"), Contains("name is a section; it must be text"));
  CHECK_THAT(complaint_about_lines("channels: 3\n"),
             Contains("channels is 3; it must be a list of values, each a whole number, at least 1"));
  CHECK_THAT(complaint_about_lines("channels: [3, x, 0]\n"), Contains("channels[1] is x") && Contains("channels[2] is 0"));
  CHECK_THAT(complaint_about_lines("augmentation: {type: flip}\n"), Contains("it must be a list of sections"));
  CHECK_THAT(complaint_about_lines("augmentation:\n  - type: flip\n    max_angle: 3\n"),
             Contains("c.yaml:5: augmentation[0].max_angle is not a setting."));
  CHECK_THAT(complaint(""), Contains("c.yaml:1: there are no settings here"));
  CHECK_THAT(complaint("- 1\n"), Contains("a config must be made of"));
  CHECK_THAT(complaint("hello\n"), Contains("a config must be made of"));
}

TEST_CASE("text of the file cannot play tricks with the terminal") {
  const std::string text = complaint_about_lines("name: x\n\"a\\e[31m\\n\": 1\nbatch_norm: \"" + std::string(500, 'x') + "\"\n");
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.size() < 600);
}

TEST_CASE("thousands of problems end in a short report") {
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += "unknown_" + std::to_string(i) + ": 1\n";
  const std::string text = complaint_about_lines(lines);
  CHECK_THAT(text, Contains("... and 4950 more\n5000 problems found."));
}
