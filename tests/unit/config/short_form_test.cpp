// Elements of a list that are written short: the type as a word, or as the key of its settings.
#include "hpcai/config/short_form.h"

#include <catch2/catch.hpp>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "validate.h"

using namespace hpcai::config;
using Catch::Matchers::Contains;

namespace brief {
namespace {

struct Layer;

struct Relu {
  static constexpr std::string_view kType = "relu";
  template <class Visitor>
  void describe(Visitor& /*visitor*/) {}
};

struct Dense {
  static constexpr std::string_view kType = "dense";
  static constexpr std::string_view kFormerType = "linear";
  static constexpr std::string_view kMainKey = "units";
  int64_t units = 64;
  bool bias = true;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("units", units, {.help = "Outputs.", .min = 1, .required = true, .formerly = "outputs"});
    visitor.field("bias", bias, {.help = "Whether a constant is added."});
  }
};

struct Residual {
  static constexpr std::string_view kType = "residual";
  static constexpr std::string_view kMainKey = "layers";
  std::vector<Layer> layers;
  double scale = 1;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("layers", layers, {.help = "Layers within.", .required = true});
    visitor.field("scale", scale, {.help = "Factor on them.", .min = 0});
  }
};

struct Parallel {
  static constexpr std::string_view kType = "parallel";
  static constexpr std::string_view kMainKey = "branches";
  std::vector<std::vector<Layer>> branches;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("branches", branches, {.help = "Lists of layers.", .required = true});
  }
};

struct Layer : std::variant<Relu, Dense, Residual, Parallel> {
  using variant::variant;
  static constexpr bool kNamesAsKeys = true;
  std::string name;
  std::string read_from;
  template <class Visitor>
  void describe_common(Visitor& visitor) {
    visitor.field("name", name, {.help = "Of this layer."});
  }
};

struct Network {
  std::vector<Layer> layers;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("layers", layers, {.help = "From input to output."});
  }
};

const std::string kShort = R"(layers:
  - dense: {units: 8, bias: false, name: first}
  - relu
  - relu:
  - dense: 9
  - residual:
      - dense: {outputs: 10}
      - relu: {name: last}
  - parallel: [[relu, dense: 3], []]
  - residual: {layers: [linear: 12], scale: 0.5}
  - {type: relu}
  - dense:
    units: 13
)";

const std::string kLong = R"(layers:
  - {type: dense, units: 8, bias: false, name: first}
  - {type: relu}
  - {type: relu}
  - {type: dense, units: 9}
  - type: residual
    layers:
      - {type: dense, units: 10}
      - {type: relu, name: last}
  - type: parallel
    branches:
      - [{type: relu}, {type: dense, units: 3}]
      - []
  - {type: residual, layers: [{type: dense, units: 12}], scale: 0.5}
  - {type: relu}
  - {type: dense, units: 13}
)";

std::string complaint(const std::string& layer) {
  try {
    parse<Network>("layers:\n  - relu\n  - " + layer + "\n", "net.yaml");
    return "";
  } catch (const hpcai::Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("the short form of a list of layers means the same as the long one") {
  const auto brief = parse<Network>(kShort, "net.yaml"), whole = parse<Network>(kLong, "net.yaml");
  CHECK(to_yaml(brief) == to_yaml(whole));
  CHECK(digest(brief) == digest(whole));
  CHECK(to_yaml(parse<Network>(to_yaml(brief), "again.yaml")) == to_yaml(brief));
  CHECK(std::get<Parallel>(brief.layers[5]).branches.at(1).empty());
}

TEST_CASE("an element knows the file and the line where it was read") {
  const auto network = parse<Network>(kShort, "net.yaml");
  CHECK(network.layers[0].read_from == "net.yaml:2");
  CHECK(network.layers[3].read_from == "net.yaml:5");
  CHECK(std::get<Residual>(network.layers[4]).layers[1].read_from == "net.yaml:8");
  CHECK(parse<Network>("layers: []", "a.yaml", {"layers=[relu]"}).layers[0].read_from == "--set layers");
  CHECK(Network{{Layer{Relu{}}}}.layers[0].read_from.empty());
}

TEST_CASE("a mistake in the short form is told as one in the long form") {
  CHECK(complaint("dense: 3") == "");
  CHECK_THAT(complaint("rellu"), Contains("net.yaml:3: layers[1].type is rellu; it must be relu, dense, residual or parallel. "
                                          "Did you mean relu?"));
  CHECK_THAT(complaint("conv: {channels: 3}"), Contains("net.yaml:3: layers[1].type is conv; it must be relu, dense,"));
  CHECK_THAT(complaint("dense"), Contains("net.yaml:3: layers[1].units is required."));
  CHECK_THAT(complaint("dense: 0"), Contains("net.yaml:3: layers[1].units is 0; it must be at least 1."));
  CHECK_THAT(complaint("dense: {untis: 3}"), Contains("layers[1].untis is not a setting. Did you mean layers[1].units?"));
  CHECK_THAT(complaint("relu: 3"), Contains("net.yaml:3: layers[1].value is not a setting."));
  CHECK_THAT(complaint("residual: relu"), Contains("layers[1].layers is relu; it must be a list of sections."));
  CHECK_THAT(complaint("parallel: [relu]"), Contains("layers[1].branches[0] is relu; it must be a list of sections."));
  CHECK_THAT(complaint("parallel: [[relu, dens: 3]]"), Contains("layers[1].branches[0][1].type is dens;"));
  CHECK_THAT(complaint("{dense: 3, relu: }"), Contains("net.yaml:3: layers[1].type is required."));
  CHECK_THAT(complaint("{dense: {units: 3}, units: 4}"), Contains("net.yaml:3: layers[1].type is required."));
  CHECK_THAT(complaint("{typ: relu}"), Contains("layers[1].typ is not a setting. Did you mean layers[1].type"));
  CHECK_THAT(complaint("{}"), Contains("layers[1].type is required."));
  CHECK_THAT(complaint(""), Contains("layers[1] has no value"));
  CHECK_THAT(complaint("[relu]"), Contains("layers[1] is a list; it must be a section"));
  CHECK_THAT(complaint("relu: {type: dense, units: 3}"), Contains("layers[1].type is required."));
}

TEST_CASE("the description of layers with a main key has no faults, and a wrong main key is one") {
  CHECK(description_faults<Network>().empty());
  Section section = description<Network>();
  section.keys[0].type.element[0].alternatives[1].main_key = "unit";
  CHECK(faults(section) == std::vector<std::string>{"layers[] has an unknown main key unit"});
}

TEST_CASE("the schema accepts and refuses the short form as the reader does") {
  const Json schema = Json::parse(json_schema<Network>("network"));
  const auto agree = [&](const Json& layer) {
    const Json document = {{"layers", Json::array({layer})}};
    INFO(document.dump());
    bool accepted = true;
    try {
      parse<Network>(document.dump(), "net.json");  // JSON is YAML
    } catch (const hpcai::Error&) {
      accepted = false;
    }
    CHECK(sample::obeys(schema, document) == accepted);
    return accepted;
  };
  const Json empty = Json::array();
  CHECK(agree("relu"));
  CHECK(agree({{"relu", nullptr}}));
  CHECK(agree({{"relu", {{"name", "a"}}}}));
  CHECK(agree({{"dense", 3}}));
  CHECK(agree({{"dense", {{"units", 3}}}}));
  CHECK(agree({{"type", "dense"}, {"units", 3}}));
  CHECK(agree({{"residual", empty}}));
  CHECK(agree({{"residual", {"relu", {{"dense", 3}}}}}));
  CHECK(agree({{"parallel", Json::array({Json::array({"relu"}), empty})}}));
  CHECK_FALSE(agree("dense"));
  CHECK_FALSE(agree("tanh"));
  CHECK_FALSE(agree({{"dense", nullptr}}));
  CHECK_FALSE(agree({{"dense", 0}}));
  CHECK_FALSE(agree({{"dense", {{"bias", false}}}}));
  CHECK_FALSE(agree({{"relu", 3}}));
  CHECK_FALSE(agree({{"conv", 3}}));
  CHECK_FALSE(agree({{"type", "dense"}}));
  CHECK_FALSE(agree({{"residual", {"dense"}}}));
  CHECK_FALSE(agree({{"parallel", Json::array({"relu"})}}));
  CHECK_FALSE(agree(Json(nullptr)));
  CHECK_FALSE(agree(empty));
}

TEST_CASE("an override changes a setting of a layer that was written short") {
  const auto with = [](const std::vector<std::string>& overrides) { return parse<Network>(kShort, "a.yaml", overrides); };
  const auto network = with({"layers[0].units=80", "layers[3]=relu", "layers[5].branches[0][1].units=4",
                             "layers[6].layers[0].units=5", "layers[1]={dense: 6}", "layers[7].name=seventh"});
  const auto dense = [](const Layer& layer) { return std::get<Dense>(layer); };
  CHECK(dense(network.layers[0]).units == 80);
  CHECK_FALSE(dense(network.layers[0]).bias);
  CHECK(network.layers[0].name == "first");
  CHECK(std::holds_alternative<Relu>(network.layers[3]));
  CHECK(dense(std::get<Parallel>(network.layers[5]).branches[0][1]).units == 4);
  CHECK(dense(std::get<Residual>(network.layers[6]).layers[0]).units == 5);
  CHECK(dense(network.layers[1]).units == 6);
  CHECK(network.layers[7].name == "seventh");
}

}  // namespace brief
