#include "hpcai/search/space.h"

#include <catch2/catch.hpp>

#include "hpcai/core/error.h"
#include "sample_space.h"

using namespace hpcai;
using namespace hpcai::search;

namespace {

const std::string kConfig = HPCAI_SOURCE_DIR "/configs/own/redshifts.yaml";

// The message for a space; empty if it is good.
std::string complaint(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    check_space(test::parse_space(text), kConfig, overrides);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    return error.what();
  }
  return "";
}

std::string with_parameter(const std::string& line) { return "parameters:\n  - " + line + "\n"; }

void check_has(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    CAPTURE(text, part);
    CHECK(text.find(part) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("a space's description has no faults, and its YAML reads back") {
  CHECK(config::description_faults<Space>().empty());
  Space space = test::asha_space("sampler: sobol\n");
  const std::string text = config::to_yaml(space);
  CHECK(config::to_yaml(test::parse_space(text)) == text);
}

TEST_CASE("good spaces") {
  CHECK(complaint("sampler: sobol\n" + with_parameter("{key: optimizer.lr, type: log_uniform, low: 1e-4, high: 0.1}")).empty());
  CHECK(complaint(with_parameter("{key: optimizer.type, type: choice, values: [adam, sgd, adamw]}")).empty());
  CHECK(complaint(with_parameter("{key: optimizer.scaling, type: choice, values: [a, b]}")).find("space.yaml:2") == 0);
}

TEST_CASE("a parameter may be a setting of an element of a list") {
  CHECK(complaint(with_parameter("{key: 'model.layers[0].units', type: integer, low: 8, high: 64}")).empty());
  check_has(complaint(with_parameter("{key: 'model.layers[9].units', type: integer, low: 8, high: 64}")),
            {"model.layers has 5 elements, [0] to [4]"});
  check_has(complaint(with_parameter("{key: 'model.layers[].units', type: integer, low: 8, high: 64}")),
            {"model.layers[].units", "must be written key=value"});
  check_has(complaint(with_parameter("{key: 'model.layers[0].unit', type: integer, low: 8, high: 64}")),
            {"model.layers[0].unit is not a setting", "model.layers[].units"});
}

TEST_CASE("early stopping in a training whose stages vary") {
  const std::vector<std::string> two_epochs = {"training.stages=[{trainable_from: all, epochs: 2}]"};
  const std::string early = "early_stop: {type: asha, minimum: 4}\n";
  CHECK(complaint(early + with_parameter("{key: 'training.stages[0].epochs', type: integer, low: 2, high: 20}"), two_epochs)
            .empty());
  check_has(complaint(early + with_parameter("{key: optimizer.lr, type: uniform, low: 0.1, high: 1}"), two_epochs),
            {"no trial would end early"});
}

TEST_CASE("a wrong key is named with its place and the nearest one") {
  check_has(complaint(with_parameter("{key: optimizer.learning_rate, type: uniform, low: 0.1, high: 1}")),
            {"space.yaml:2", "optimizer.learning_rate is not a setting", "optimizer.lr"});
  check_has(complaint(with_parameter("{key: optimizer.momentum, type: uniform, low: 0.1, high: 0.9}")),
            {"optimizer.momentum", "optimizer.type: sgd"});
  check_has(complaint("parameters:\n  - {key: optimizer.lr, type: uniform, low: 0.1, high: 1}\n"
                      "  - {key: optimizer.lr, type: uniform, low: 0.1, high: 1}\n"),
            {"space.yaml:3", "named twice"});
}

TEST_CASE("a range that the setting does not have is refused before anything starts") {
  check_has(complaint(with_parameter("{key: training.global_batch, type: uniform, low: 8, high: 64}")),
            {"space.yaml:2", "whole number", "log_integer"});
  check_has(complaint(with_parameter("{key: optimizer.beta1, type: uniform, low: 0.5, high: 1.5}")),
            {"optimizer.beta1 cannot be 1.5", "less than 1"});
  check_has(complaint(with_parameter("{key: training.precision, type: uniform, low: 0, high: 1}")), {"not a number", "choice"});
  check_has(complaint(with_parameter("{key: training.precision, type: choice, values: [fp32, bf17]}")), {"bf17", "bf16"});
  check_has(complaint(with_parameter("{key: optimizer.lr, type: uniform, low: 1, high: 0.1}")), {"low 1.0", "below high 0.1"});
  check_has(complaint(with_parameter("{key: training.global_batch, type: power_of_two, low: 8, high: 100}")),
            {"100", "no power of two"});
  check_has(complaint(with_parameter("{key: optimizer.lr, type: choice, values: [1e-3]}")), {"at least two"});
  check_has(complaint("metric: loss\n" + with_parameter("{key: optimizer.lr, type: uniform, low: 0.1, high: 1}")),
            {"validation.loss"});
  check_has(complaint("early_stop: {type: asha, minimum: 60}\n" +
                      with_parameter("{key: optimizer.lr, type: uniform, low: 0.1, high: 1}")),
            {"60 epochs", "no trial would end early"});
  check_has(complaint("parameters: []\n"), {"nothing to vary"});
}

TEST_CASE("a space file is read strictly") {
  const auto message = [](const std::string& text) {
    try {
      test::parse_space(text);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  check_has(message("paramters: []\n"), {"space.yaml:1", "parameters"});
  check_has(message(with_parameter("{key: a, type: loguniform, low: 1, high: 2}")), {"space.yaml:2", "log_uniform"});
  check_has(message(with_parameter("{key: a, type: uniform, low: 1}")), {"parameters[0].high is required"});
  check_has(message("early_stop: {minimum: 3}\n" + with_parameter("{key: a, type: uniform, low: 1, high: 2}")),
            {"early_stop.type: asha"});
}
