#include "hpcai/trainer/evaluate.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "hpcai/core/error.h"

using namespace hpcai;

TEST_CASE("an evaluation whose loss is not finite ends the run as diverged") {
  tasks::EvaluationResult result;
  result.loss = 3;
  CHECK_NOTHROW(trainer::require_finite(result, "validation"));
  for (const double loss : {std::nan(""), static_cast<double>(INFINITY)}) {
    result.loss = loss;
    try {
      trainer::require_finite(result, "validation");
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::diverged);
      CHECK(std::string(error.what()).find("validation") != std::string::npos);
    }
  }
}
