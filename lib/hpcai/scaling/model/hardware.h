#pragma once

#include "hpcai/scaling/model/step_model.h"

// Figures from the literature, for predictions without a measurement. docs/scaling.md states their accuracy.
namespace hpcai::scaling {

// HAL (NCSA, 2019): 16 nodes with 4 V100 GPUs each, NVLink 2.0 within a node and EDR InfiniBand between nodes. A pair of NVLinks
// achieves 55 GB/s. EDR achieves 11 of its 12.5 GB/s. The latencies are those of NCCL's tuning table (NCCL issue 1334): 6.6 us
// to start, 1.9 us for a hop over NVLink, 8.5 us for a hop over the network.
Machine hal_machine();

// Multiply-adds per second that a V100 achieves when it trains ResNet-50 (forward: 4.087e9 multiply-adds for an image of 224
// pixels; forward and backward together: three times as many). 16-bit: 791 images/s on HAL
// (github.com/richardkxu/distributed-pytorch, two GPUs, batch 208 each). fp32: 367 images/s (NVIDIA's DeepLearningExamples,
// PyTorch ResNet50v1.5, V100 with 16 GB).
inline constexpr double kV100Macs16 = 791 * 3 * 4.087e9;
inline constexpr double kV100Macs32 = 367 * 3 * 4.087e9;

// Hosts with `cores` cores each, for CPU ranks whose link was not measured. Within a host: sums in shared memory at 3.2 GB/s
// (measured: 88 MB of two ranks in 28 ms), 50 us for an empty one, small exchanges in 8 us for 24 bytes and 25 us for 64 KiB; all
// on a virtual machine with two cores. Between hosts: 10 Gbit/s Ethernet at 90 %, 50 us for a hop.
Machine cpu_machine(double cores);

}  // namespace hpcai::scaling
