#include "hpcai/scaling/model/hardware.h"

namespace hpcai::scaling {

Machine hal_machine() {
  Machine machine;
  machine.in_node = {.latency_s = 1.9e-6, .s_per_byte = 1 / 55e9, .blocking_latency_s = 1.9e-6, .blocking_s_per_byte = 1 / 55e9};
  machine.between_nodes = {
      .latency_s = 8.5e-6, .s_per_byte = 1 / 11e9, .blocking_latency_s = 8.5e-6, .blocking_s_per_byte = 1 / 11e9};
  machine.algorithm = Algorithm::tree;
  machine.start_s = 6.6e-6;
  return machine;
}

Machine cpu_machine(double cores) {
  Machine machine;
  machine.in_node = {.latency_s = 50e-6, .s_per_byte = 1 / 3.2e9, .blocking_latency_s = 8e-6, .blocking_s_per_byte = 1 / 3.6e9};
  machine.between_nodes = {.latency_s = 50e-6,
                           .s_per_byte = 1 / (0.9 * 1.25e9),
                           .blocking_latency_s = 50e-6,
                           .blocking_s_per_byte = 1 / (0.9 * 1.25e9)};
  machine.cores = cores;
  return machine;
}

}  // namespace hpcai::scaling
