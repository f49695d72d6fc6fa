#pragma once

#include "hpcai/data/posterior_table.h"
#include "hpcai/data/strain/strain_config.h"
#include "hpcai/draw/svg.h"
#include "hpcai/inference/event.h"

namespace hpcai::inference {

// A corner plot of masses, effective spin, distance and inclination of the samples `table`, and of the network's own draws if the
// likelihood has changed their weights.
draw::Canvas corner_plot(const EventAnswer& answer, const data::StrainModelConfig& model, const data::PosteriorTable& table);

}  // namespace hpcai::inference
