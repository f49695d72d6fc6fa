#include <catch2/catch.hpp>

#include "hpcai/core/error.h"
#include "hpcai/scaling/model/calibration.h"

using namespace hpcai;
using namespace hpcai::scaling;

TEST_CASE("a calibration survives being written and read, and nonsense in it is named") {
  Calibration calibration;
  calibration.name = "x";
  calibration.batches = {1, 8};
  calibration.workload.forward = {0.1 + 0.2, 1e-9};
  calibration.workload.buckets = {{1e6, 0.25}, {2e6, 1}};
  calibration.workload.spread = {0.9, 1.1};
  calibration.machine.between_nodes = {1e-5, 1e-9, 1e-6, 2e-9, 8e-6, 7e-6, 3e-10};
  calibration.machine.algorithm = Algorithm::tree;
  calibration.link = {{false, 1024, 5, 1e-3, 1e-4, 1.1e-3}, {true, 24, 5, 1e-5, 1e-6, 1e-5}};
  const nlohmann::json json = to_json(calibration);
  CHECK(to_json(calibration_from_json(json)) == json);
  CHECK_FALSE(find_calibration("/no/such/calibration.json"));

  auto refused = [&](const char* pointer, const nlohmann::json& value) {
    nlohmann::json changed = json;
    changed[nlohmann::json::json_pointer(pointer)] = value;
    try {
      calibration_from_json(changed);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(refused("/format", "else").find("format") != std::string::npos);
  CHECK(refused("/workload/forward/fixed_s", -1).find("fixed cost") != std::string::npos);
  CHECK(refused("/workload/buckets/0/ready", 2).find("ready at 2") != std::string::npos);
  CHECK(refused("/workload/parallel", 1.5).find("parallel") != std::string::npos);
  CHECK(refused("/machine/in_node/latency_s", "fast").find("type") != std::string::npos);
}
