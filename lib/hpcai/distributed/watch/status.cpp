#include "hpcai/distributed/watch/status.h"

namespace hpcai::distributed {

const char* name_of(Phase phase) {
  switch (phase) {
    case Phase::start: return "the start";
    case Phase::connect: return "the connection to the other ranks";
    case Phase::input: return "the wait for input";
    case Phase::compute: return "the forward and backward pass";
    case Phase::exchange: return "an exchange with the other ranks";
    case Phase::update: return "the update";
    case Phase::evaluate: return "the evaluation";
    case Phase::save: return "the writing of a checkpoint";
  }
  return "an unknown phase";
}

}  // namespace hpcai::distributed
