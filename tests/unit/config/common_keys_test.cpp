// A variant with keys that all its alternatives have.
#include <catch2/catch.hpp>

#include "hpcai/core/error.h"
#include "sample.h"
#include "validate.h"

using namespace hpcai::config;
using Catch::Matchers::Contains;

namespace common_keys {
namespace {

struct Small {
  static constexpr std::string_view kType = "small";
  int64_t units = 8;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("units", units, {.help = "Of the layer.", .min = 1});
  }
};

struct Large {
  static constexpr std::string_view kType = "large";
  double dropout = 0.5;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("dropout", dropout, {.help = "Part set to 0.", .min = 0, .max = 1});
  }
};

struct Model : std::variant<Small, Large> {
  using variant::variant;
  std::string weights;
  template <class Visitor>
  void describe_common(Visitor& visitor) {
    visitor.field("weights", weights, {.help = "File to start from."});
  }
};

struct Experiment {
  Model model;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("model", model, {.help = "The network."});
  }
};

Experiment parsed(const std::string& text) { return parse<Experiment>(text, "test"); }

}  // namespace

TEST_CASE("a key of all alternatives is read and written with each of them") {
  CHECK(parsed("{}").model.weights.empty());
  const Experiment small = parsed("model: {units: 3, weights: a.pt}");
  CHECK(std::get<Small>(small.model).units == 3);
  CHECK(small.model.weights == "a.pt");
  const Experiment large = parsed("model: {type: large, weights: b.pt, dropout: 0.25}");
  CHECK(std::get<Large>(large.model).dropout == 0.25);
  CHECK(large.model.weights == "b.pt");
  CHECK(to_yaml(parsed(to_yaml(large))) == to_yaml(large));
  CHECK(description_faults<Experiment>().empty());
}

TEST_CASE("a key of all alternatives belongs to the table, to the digest and to the differences") {
  CHECK_THAT(key_table<Experiment>("model"), Contains("model.weights"));
  const Experiment a = parsed("model: {weights: a.pt}"), b = parsed("model: {weights: b.pt}");
  CHECK(digest(a) != digest(b));
  REQUIRE(differences(a, b).size() == 1);
  CHECK(differences(a, b)[0].key == "model.weights");
  CHECK_THROWS_AS(parsed("model: {weight: a.pt}"), hpcai::Error);
}

TEST_CASE("the schema of a key of all alternatives agrees with the reader") {
  const Json schema = Json::parse(json_schema<Experiment>("test"));
  for (const auto& [name, part] : schema["definitions"].items()) {
    if (name.starts_with("model.")) CHECK(part["properties"].contains("weights"));
  }
}

}  // namespace common_keys
