#include <catch2/catch.hpp>

#include <algorithm>

#include "hpcai/core/random.h"
#include "sample.h"
#include "validate.h"

using namespace hpcai::config;
using sample::obeys;

namespace {

// Mutations of structure, type and range. Spellings (010, yes) are no matter of a schema, which sees values only.
void mutate(Json& value, hpcai::Random& random) {
  static const std::vector<Json> kValues = {
      Json(nullptr),  Json(true),  Json(false),          Json(0),      Json(-1),  Json(3),       Json(0.5),
      Json(70000),    Json("sgd"), Json("adam"),         Json("bf16"), Json("x"), Json::array(), Json::array({1}),
      Json::object(), Json(1e-3),  Json::array({"fp32"})};
  std::vector<Json*> places;
  std::vector<Json*> maps;
  const auto collect = [&](const auto& self, Json& node) -> void {
    places.push_back(&node);
    if (node.is_object()) maps.push_back(&node);
    if (node.is_structured()) {
      for (Json& child : node) self(self, child);
    }
  };
  collect(collect, value);
  if (maps.empty()) return;
  Json& map = *maps[random.below(maps.size())];
  static const std::vector<std::string> kKeys = {"lr", "type", "momentum", "epochs", "name", "patience", "base", "zz"};
  switch (random.below(4)) {
    case 0:
      if (!map.empty()) {
        auto it = map.begin();
        std::advance(it, static_cast<long>(random.below(map.size())));
        map.erase(it.key());
      }
      break;
    case 1: map[kKeys[random.below(kKeys.size())]] = kValues[random.below(kValues.size())]; break;
    default: *places[random.below(places.size())] = kValues[random.below(kValues.size())];
  }
}

}  // namespace

TEST_CASE("the schema and the reader agree on valid and on mutated configs") {
  const Json schema = Json::parse(json_schema<sample::Experiment>("sample"));
  const auto value_of = [](const std::string& text) {
    auto experiment = sample::parse(text);
    return store(experiment);
  };
  const std::vector<Json> valid_ones = {
      value_of(sample::kFullText),
      value_of(sample::kShortText),
      {{"data", {{"type", "hdf5"}, {"train_file", "a.h5"}}}, {"training", {{"global_batch", 1}}}}};
  for (const Json& value : valid_ones) REQUIRE(obeys(schema, value));
  hpcai::Random random(5, 0, 0, hpcai::Purpose::test);
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    Json value = valid_ones[random.below(valid_ones.size())];
    for (uint64_t n = random.below(3); n < 3; ++n) mutate(value, random);
    if (!value.is_object() || value.contains("base")) continue;  // a base is a file; checked below
    const std::string text = write_yaml(value);
    const std::string complaint = sample::complaint(text);
    INFO(text << complaint);
    REQUIRE(obeys(schema, value) == complaint.empty());
    (complaint.empty() ? accepted : refused) += 1;
  }
  CHECK(accepted > 200);
  CHECK(refused > 1000);
}

TEST_CASE("the schema lets a file with a base leave out what the base gives, and nothing more") {
  const Json schema = Json::parse(json_schema<sample::Experiment>("sample"));
  CHECK(obeys(schema, {{"base", "a.yaml"}}));
  CHECK(obeys(schema, {{"base", "a.yaml"}, {"optimizer", {{"momentum", 0.5}}}}));
  CHECK(obeys(schema, {{"base", "a.yaml"}, {"data", {{"train_file", "b"}}}}));
  CHECK_FALSE(obeys(schema, {{"base", "a.yaml"}, {"optimizer", {{"momentum", 5}}}}));
  CHECK_FALSE(obeys(schema, {{"base", "a.yaml"}, {"optimizer", {{"type", "adam"}, {"momentum", 0.5}}}}));
  CHECK_FALSE(obeys(schema, {{"base", 3}}));
  CHECK_FALSE(obeys(schema, Json::object()));
}

TEST_CASE("the schema carries title, version, help and defaults for editors") {
  const Json schema = Json::parse(json_schema<sample::Experiment>("an experiment"));
  CHECK(schema.at("$schema") == "http://json-schema.org/draft-07/schema#");
  CHECK(schema.at("title") == "an experiment");
  const Json& definitions = schema.at("definitions");
  const auto property = [&](const std::string& section, const std::string& name) {
    return definitions.at(section).at("properties").at(name);
  };
  CHECK(property("distributed", "timeout_s").at("description") == "Time limit of a collective. Unit: s.");
  CHECK(property("schedule", "patience").at("default") == 7);
  CHECK(property("optimizer.adam", "type").at("const") == "adam");
  CHECK(property("optimizer.adam", "lr").at("default") == 5e-4);
  CHECK(property("data.simulated", "type").at("description") == "Waveforms made on the fly.");
  CHECK(property("config", "optimizer") ==
        Json({{"anyOf", {{{"$ref", "#/definitions/optimizer.sgd"}}, {{"$ref", "#/definitions/optimizer.adam"}}}},
              {"description", "Update rule."}}));
}

namespace {

struct Ends {
  double low = 0;
  double high = 1;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("low", low, {.help = "Lower end."});
    visitor.field("high", high, {.help = "Upper end."});
  }
};
struct Ranges {
  Ends first, second, third{.low = 5};
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("first", first, {.help = "One."});
    visitor.field("second", second, {.help = "Alike."});
    visitor.field("third", third, {.help = "With another default."});
  }
};

}  // namespace

TEST_CASE("a section that stands in several places is defined once, unless its defaults differ") {
  const Json schema = Json::parse(json_schema<Ranges>("ranges"));
  const Json& properties = schema.at("definitions").at("config").at("properties");
  CHECK(properties.at("second").at("allOf") == Json::array({{{"$ref", "#/definitions/first"}}}));
  CHECK(schema.at("definitions").at("third").at("properties").at("low").at("default") == 5.0);
  CHECK(schema.at("definitions").size() == 3);
}
