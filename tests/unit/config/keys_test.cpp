#include <catch2/catch.hpp>

#include "hpcai/core/error.h"
#include "sample.h"

using Catch::Matchers::Contains;
using hpcai::config::Json;
using sample::Experiment;

TEST_CASE("the key table shows type, default, range, unit and meaning of each setting") {
  const std::string table = hpcai::config::key_table<Experiment>("optimizer", 120);
  CHECK(table ==
        "KEY                     DEFAULT  ALLOWED                     MEANING\n"
        "optimizer.type          adam     sgd | adam                  Update rule.\n"
        "with optimizer.type: sgd\n"
        "optimizer.lr            0.1      number, greater than 0      Learning rate.\n"
        "optimizer.momentum      0.9      number, at least 0 and      Momentum.\n"
        "                                 less than 1\n"
        "optimizer.nesterov      false    true | false                Look ahead by one step.\n"
        "with optimizer.type: adam\n"
        "optimizer.lr            5.0e-04  number, greater than 0      Learning rate.\n"
        "optimizer.beta1         0.9      number, at least 0 and      Decay of the first moment.\n"
        "                                 less than 1\n"
        "optimizer.epsilon       1.0e-08  number, greater than 0      Added to the denominator.\n"
        "optimizer.weight_decay  0.0      number, at least 0          Decay of the weights towards zero.\n");
}

TEST_CASE("the key table is filtered by section or key and fits any width") {
  CHECK_THAT(hpcai::config::key_table<Experiment>("training.stages", 100),
             Contains("training.stages ") && Contains("training.stages[].epochs") && !Contains("optimizer"));
  CHECK_THAT(hpcai::config::key_table<Experiment>("data.train_file", 100), Contains("required"));
  CHECK_THAT(hpcai::config::key_table<Experiment>("distributed.timeout_s", 120),
             Contains("greater than 0 s") && Contains("[local]"));
  for (const size_t width : {1, 30, 60, 80, 100, 200}) {
    const std::string table = hpcai::config::key_table<Experiment>("", width);
    size_t longest = 0;
    for (size_t begin = 0; begin < table.size();) {
      const size_t end = table.find('\n', begin);
      longest = std::max(longest, end - begin);
      begin = end + 1;
    }
    if (width >= 40) CHECK(longest <= width);
  }
  try {
    hpcai::config::key_table<Experiment>("optimiser");
    FAIL("accepted");
  } catch (const hpcai::Error& error) {
    CHECK(error.code() == hpcai::ExitCode::usage);
    CHECK(error.remedy() == "Did you mean optimizer?");
  }
}

TEST_CASE("the keys are listed for programs") {
  const Json keys = Json::parse(hpcai::config::keys_json<Experiment>());
  const auto find = [&](const std::string& key) {
    for (const Json& item : keys) {
      if (item.at("key") == key) return item;
    }
    return Json();
  };
  CHECK(find("optimizer.type").at("choices") == Json({"sgd", "adam"}));
  CHECK(find("optimizer.type").at("default") == "adam");
  CHECK(find("optimizer.momentum").at("when").at("optimizer.type") == "sgd");
  CHECK(find("optimizer.momentum").at("less_than") == 1.0);
  CHECK(find("training.global_batch").at("required") == true);
  CHECK(find("training.global_batch").at("default").is_null());
  CHECK(find("training.clip_norm").at("null_allowed") == true);
  CHECK(find("distributed.timeout_s").at("unit") == "s");
  CHECK(find("distributed.timeout_s").at("local") == true);
  CHECK(find("channels").at("type") == "list of integer");
  CHECK(find("average").at("default").is_null());
  CHECK(find("training").is_null());
}

TEST_CASE("the digest covers what changes the result and nothing else") {
  const auto digest = [](const std::vector<std::string>& overrides) {
    return hpcai::config::digest(sample::parse(sample::kFullText, overrides));
  };
  const std::string plain = digest({});
  CHECK(plain.size() == 64);
  CHECK(digest({"distributed.port=1", "training.log_every_steps=9"}) == plain);
  CHECK(digest({"training.seed=8"}) != plain);
  CHECK(digest({"optimizer.lr=0.001"}) == plain);
  CHECK(digest({"training.stages=[]"}) != plain);
  CHECK(digest({"optimizer={type: sgd}"}) != plain);
}

TEST_CASE("differences between two configs are listed with both values") {
  const Experiment before = sample::parse(sample::kFullText);
  const Experiment after =
      sample::parse(sample::kFullText, {"schedule.patience=5", "distributed.port=1", "name=other", "average=null",
                                        "data={type: hdf5, train_file: a.h5}", "augmentation=[{type: flip, probability: 0.25}]"});
  std::string text;
  for (const auto& d : hpcai::config::differences(before, after)) text += d.key + ": " + d.before + " -> " + d.after + "\n";
  CHECK(text ==
        "name: full -> other\n"
        "data.type: simulated -> hdf5\n"
        "data.samples: 5000 -> not set\n"
        "data.time_step: 0.25 -> not set\n"
        "data.mass_ratios: [1.0, 4.5] -> not set\n"
        "schedule.patience: 2 -> 5\n"
        "augmentation[1].type: rotate -> not set\n"
        "augmentation[1].max_angle: 90.0 -> not set\n"
        "average.decay: 0.99 -> not set\n"
        "data.train_file: not set -> a.h5\n"
        "data.validation_file: not set -> null\n"
        "average: not set -> null\n");
  CHECK(hpcai::config::differences(before, before).empty());
}

TEST_CASE("key lines that were written as text give the same table") {
  const auto lines = hpcai::config::key_lines(hpcai::config::description<Experiment>());
  REQUIRE(lines.size() > 10);
  CHECK(hpcai::config::read_key_lines(hpcai::config::write_key_lines(lines)) == lines);
  CHECK(hpcai::config::read_key_lines("").empty());
  CHECK(hpcai::config::write_key_table(lines, "optimizer", 120) == hpcai::config::key_table<Experiment>("optimizer", 120));
}
