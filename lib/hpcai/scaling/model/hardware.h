#pragma once

#include "hpcai/scaling/model/step_model.h"

// Figures from the literature, for predictions without a measurement; docs/scaling.md says what they are worth.
namespace hpcai::scaling {

// HAL (NCSA, 2019): 16 nodes of 4 V100, NVLink 2.0 within a node and EDR InfiniBand between nodes. A pair of NVLinks moves 55
// GB/s and EDR 11 of its 12.5 GB/s in practice; the latencies are those of NCCL's own tuning table (NCCL issue 1334: 6.6 us to
// start, 1.9 us a hop of NVLink, 8.5 us a hop of the network).
Machine hal_machine();

// What a V100 achieves in training: ResNet-50 (4.087 G multiply-adds an image forward, 224 pixels) at 791 images/s with 16-bit
// arithmetic on HAL (github.com/richardkxu/distributed-pytorch, two GPUs, batch 208 each) and 367 images/s in fp32 (NVIDIA's
// DeepLearningExamples, PyTorch ResNet50v1.5, V100 of 16 GB). Multiply-adds a second, forward and backward together.
inline constexpr double kV100Macs16 = 791 * 3 * 4.087e9;
inline constexpr double kV100Macs32 = 367 * 3 * 4.087e9;

// CPU ranks without a measured link: Gloo between processes of one host moves about 1.07 GB/s a rank (83 MB between two ranks in
// 78 ms), their shared memory takes 8 us for 24 bytes and 25 us for 64 KiB (two ranks on a virtual machine of two cores); between
// hosts 10 Gbit/s Ethernet at 90 %, 50 us a hop.
Machine cpu_machine(double cores);

}  // namespace hpcai::scaling
