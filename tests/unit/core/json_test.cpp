#include "hpcai/core/json.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace hpcai;

TEST_CASE("text that is not UTF-8 is replaced, not thrown at") {
  CHECK(json_text(nlohmann::json{{"name", "cut\xe9.png"}}) == "{\"name\":\"cut\xef\xbf\xbd.png\"}");
  CHECK(json_text(nlohmann::ordered_json{{"b", 1}, {"a", 2}}, 1) == "{\n \"b\": 1,\n \"a\": 2\n}");
}

TEST_CASE("counts and numbers are taken strictly") {
  using nlohmann::json;
  CHECK(count_at(json{{"n", 7}}, "n") == 7);
  CHECK(count_at(json{{"n", INT64_MAX}}, "n") == INT64_MAX);
  for (const json& wrong :
       {json(-1), json(7.5), json(7.0), json(true), json("7"), json(), json::array({7}), json(1e300), json(UINT64_MAX)}) {
    INFO(wrong.dump());
    CHECK_THROWS_AS(count_at(json{{"n", wrong}}, "n"), std::out_of_range);
  }
  CHECK_THROWS_AS(count_at(json::object(), "n"), std::out_of_range);
  CHECK_THROWS_AS(count_at(json(5), "n"), std::out_of_range);
  CHECK(number_at(json{{"x", 1}}, "x", 0, 1) == 1);
  CHECK(number_at(json{{"x", 0.5}}, "x", 0, 1) == 0.5);
  for (const json& wrong : {json(-0.1), json(1.1), json(true), json("1"), json(), json(NAN)}) {
    CHECK_THROWS_AS(number_at(json{{"x", wrong}}, "x", 0, 1), std::out_of_range);
  }
}
