#include "hpcai/trainer/experiment.h"

namespace hpcai::config {

template Section describe(trainer::Experiment& object);
template Json store(trainer::Experiment& value);
template void load(trainer::Experiment& value, const Json& json);

}  // namespace hpcai::config
