#include "hpcai/trainer/experiment.h"

#include "hpcai/models/network/layer_config.h"

namespace hpcai::config {

template Section describe(trainer::Experiment& object);
template Json store(trainer::Experiment& value);
template void load(trainer::Experiment& value, const Json& json);

}  // namespace hpcai::config
