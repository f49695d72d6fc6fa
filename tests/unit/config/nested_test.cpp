// Structs that contain themselves: a network as a tree of layers, and a chain.
#include <catch2/catch.hpp>

#include "hpcai/core/error.h"
#include "sample.h"
#include "validate.h"

using namespace hpcai::config;
using Catch::Matchers::Contains;

namespace nested {
namespace {

struct Layer;

struct Dense {
  static constexpr std::string_view kType = "dense";
  int64_t units = 64;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("units", units, {.help = "Outputs.", .min = 1, .required = true});
  }
};

struct Residual {
  static constexpr std::string_view kType = "residual";
  static constexpr std::string_view kHelp = "Adds its input to what its body makes of it.";
  std::vector<Layer> body;
  double scale = 1;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("body", body, {.help = "Layers within.", .required = true});
    visitor.field("scale", scale, {.help = "Factor on the body.", .min = 0});
  }
};

struct Layer : std::variant<Dense, Residual> {
  using variant::variant;
};

struct Link {
  std::string name = "link";
  std::optional<Indirect<Link>> next = {};
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("name", name, {.help = "Of this link.", .required = true});
    visitor.field("next", next, {.help = "The link after this one."});
  }
};

struct Network {
  std::vector<Layer> layers;
  Layer head = Dense{.units = 3};
  Link chain{.name = "first"};
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("layers", layers, {.help = "From input to output."});
    visitor.field("head", head, {.help = "The last layer.", .required = true});
    visitor.field("chain", chain, {.help = "Of links."});
  }
};

const std::string kNetwork = R"(layers:
  - {type: dense, units: 8}
  - type: residual
    body:
      - type: residual
        body:
          - {type: dense, units: 16}
          - {type: residual, body: []}
        scale: 0.5
      - {type: dense, units: 32}
head: {type: dense, units: 2}
chain: {name: a, next: {name: b, next: {name: c}}}
)";

std::string complaint(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    parse<Network>(text, "net.yaml", overrides);
    return "";
  } catch (const hpcai::Error& error) {
    return error.what();
  }
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  REQUIRE(text.find(from) != std::string::npos);
  return text.replace(text.find(from), from.size(), to);
}

// A residual layer in a residual layer ..., `depth` of them.
std::string nested(int depth) {
  std::string text = "chain: {name: a}\nhead: {type: dense, units: 1}\nlayers:\n  - ";
  for (int i = 0; i < depth; ++i) text += "{type: residual, body: [";
  for (int i = 0; i < depth; ++i) text += "]}";
  return text + "\n";
}

}  // namespace

TEST_CASE("a tree of layers is read into values") {
  const auto network = parse<Network>(kNetwork, "net.yaml");
  REQUIRE(network.layers.size() == 2);
  const auto& outer = std::get<Residual>(network.layers[1]);
  REQUIRE(outer.body.size() == 2);
  const auto& inner = std::get<Residual>(outer.body[0]);
  CHECK(inner.scale == 0.5);
  CHECK(std::get<Dense>(inner.body[0]).units == 16);
  CHECK(std::get<Residual>(inner.body[1]).body.empty());
  CHECK((*(*network.chain.next)->next)->name == "c");
  CHECK_FALSE((*(*network.chain.next)->next)->next);
}

TEST_CASE("a tree of layers written as YAML reads back as the same tree, and its digest covers all of it") {
  const auto network = parse<Network>(kNetwork, "net.yaml");
  const std::string text = to_yaml(network);
  INFO(text);
  CHECK(to_yaml(parse<Network>(text, "net.yaml")) == text);
  CHECK_THAT(text, Contains("          - type: residual\n            body: []\n"));
  const auto other = parse<Network>(replaced(kNetwork, "units: 16", "units: 17"), "net.yaml");
  CHECK(digest(network) != digest(other));
  const auto changes = differences(network, other);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].key == "layers[1].body[0].body[0].units");
  CHECK(changes[0].before == "16");
  CHECK(changes[0].after == "17");
}

TEST_CASE("a copy of a tree is a tree of its own") {
  Link first{.name = "a"};
  first.next = Link{.name = "b"};
  Link second = first;
  (*second.next)->name = "c";
  CHECK((*first.next)->name == "b");
  second = std::move(first);
  CHECK((*second.next)->name == "b");
}

TEST_CASE("a mistake within a tree is told with its line, its path and the key that was meant") {
  CHECK_THAT(
      complaint(replaced(kNetwork, "units: 16", "untis: 16")),
      Contains("net.yaml:7: layers[1].body[0].body[0].untis is not a setting. Did you mean layers[1].body[0].body[0].units?"));
  CHECK_THAT(complaint(replaced(kNetwork, "units: 16", "units: 0")),
             Contains("net.yaml:7: layers[1].body[0].body[0].units is 0; it must be at least 1."));
  CHECK_THAT(complaint(replaced(kNetwork, "{type: residual, body: []}", "{type: residual, scale: 2}")),
             Contains("net.yaml:8: layers[1].body[0].body[1].body is required. It must be a list of sections."));
  CHECK_THAT(
      complaint(replaced(kNetwork, "{type: residual, body: []}", "{type: resdiual, body: []}")),
      Contains("net.yaml:8: layers[1].body[0].body[1].type is resdiual; it must be dense or residual. Did you mean residual?"));
  CHECK_THAT(complaint(replaced(kNetwork, "{type: residual, body: []}", "{body: []}")),
             Contains("net.yaml:8: layers[1].body[0].body[1].type is required."));
  CHECK_THAT(complaint(replaced(kNetwork, "scale: 0.5", "scale: -1")), Contains("net.yaml:9: layers[1].body[0].scale is -1"));
  CHECK_THAT(complaint(replaced(kNetwork, "{name: c}", "{nam: c}")),
             Contains("net.yaml:12: chain.next.next.nam is not a setting. "
                      "Did you mean chain.next.next.name?"));
}

TEST_CASE("overrides reach into a chain and replace a list whole") {
  const auto network =
      parse<Network>(kNetwork, "net.yaml", {"chain.next.next.next={name: d}", "layers=[{type: dense, units: 1}]"});
  CHECK((*(*(*network.chain.next)->next)->next)->name == "d");
  CHECK(network.layers.size() == 1);
  CHECK_THAT(complaint(kNetwork, {"chain.next.next.naem=d"}), Contains("--set chain.next.next.naem: "));
}

TEST_CASE("a tree may be as deep as a YAML file may be, and no deeper") {
  CHECK(complaint(nested(30)) == "");
  CHECK_THAT(complaint(nested(40)), Contains("net.yaml:4: nested more than 64 levels deep."));
  CHECK_THAT(complaint(nested(4000)), Contains("net.yaml:4: nested more than 64 levels deep."));
}

TEST_CASE("the table of settings shows a part that contains itself once, and says where it is the same") {
  CHECK(description_faults<Network>().empty());
  CHECK(key_table<Network>("layers", 120) ==
        "KEY             DEFAULT   ALLOWED                     MEANING\n"
        "layers          []        list of section             From input to output.\n"
        "layers[].type   required  dense | residual            From input to output.\n"
        "with layers[].type: dense\n"
        "layers[].units  required  integer, at least 1         Outputs.\n"
        "with layers[].type: residual\n"
        "layers[].body   required  list of section, as         Layers within.\n"
        "                          layers[]\n"
        "layers[].scale  1.0       number, at least 0          Factor on the body.\n");
  const Json keys = Json::parse(keys_json<Network>());
  // "chain" has another default name, so "chain.next" is the first of its kind
  const auto next = std::find_if(keys.begin(), keys.end(), [](const Json& key) { return key.at("key") == "chain.next.next"; });
  REQUIRE(next != keys.end());
  CHECK(next->at("same_as") == "chain.next");
}

TEST_CASE("the schema of a tree refers to itself, and accepts and refuses what the reader does") {
  const Json schema = Json::parse(json_schema<Network>("network"));
  auto network = parse<Network>(kNetwork, "net.yaml");
  const Json whole = store(network);
  REQUIRE(sample::obeys(schema, whole));
  const auto agree = [&](const std::string& place, const Json& value) {
    Json changed = whole;
    changed[Json::json_pointer(place)] = value;
    const bool accepted = complaint(write_yaml(changed)).empty();
    INFO(place << " = " << value.dump());
    CHECK(sample::obeys(schema, changed) == accepted);
    return accepted;
  };
  CHECK(agree("/layers/1/body/0/body/0/units", 9));
  CHECK(agree("/layers/1/body/0/body/0", {{"type", "residual"}, {"body", Json::array()}}));
  CHECK(agree("/chain/next/next/next", {{"name", "d"}, {"next", nullptr}}));
  CHECK_FALSE(agree("/layers/1/body/0/body/0/units", 0));
  CHECK_FALSE(agree("/layers/1/body/0/body/0", {{"type", "dense"}}));
  CHECK_FALSE(agree("/layers/1/body/0/body/0", {{"type", "residual"}}));
  CHECK_FALSE(agree("/layers/1/body/0/body/0", {{"units", 3}}));
  CHECK_FALSE(agree("/layers/1/body/0/body/1/body", Json::array({{{"type", "dense"}, {"units", 2}, {"scale", 1}}})));
  CHECK_FALSE(agree("/chain/next/next/next", Json::object()));
  CHECK_FALSE(agree("/head", {{"type", "dense"}}));
}

}  // namespace nested
