#include <catch2/catch.hpp>

#include <cmath>

#include "hpcai/scaling/model/step_model.h"

using namespace hpcai::scaling;

namespace {

// 10 ms forward, 20 ms backward, 2 ms update at a batch of 4; 8 MB in two buckets, ready at half and at the end.
Workload two_buckets() {
  Workload work;
  work.forward = {0.002, 0.002};
  work.backward = {0.004, 0.004};
  work.update = {0.002, 0};
  work.buckets = {{3e6, 0.5}, {5e6, 1.0}};
  work.blocking_exchanges = 0;
  work.blocking_bytes = 0;
  return work;
}

Machine wire(double bytes_per_s, double latency_s = 0) {
  Machine machine;
  machine.between_nodes = {.latency_s = latency_s, .s_per_byte = 1 / bytes_per_s};
  return machine;
}

const Layout kFour{.nodes = 4};

}  // namespace

TEST_CASE("one rank computes and nothing else") {
  const StepTime time = predict(two_buckets(), wire(1e8, 1e-3), Layout{}, 4);
  CHECK(time.compute_s == Approx(0.032));
  CHECK(time.step_s == Approx(0.032));
  CHECK(time.exposed_communication_s == 0);
  CHECK(time.communication_s == 0);
}

TEST_CASE("a perfect network costs nothing") {
  const StepTime time = predict(two_buckets(), Machine{}, kFour, 4);
  CHECK(time.exposed_communication_s == Approx(0).margin(1e-12));
  CHECK(time.step_s == Approx(0.032));
}

TEST_CASE("an all-reduce over hosts is latency of 2 (n - 1) hops and 2 (n - 1)/n of the bytes") {
  // 6 hops of 1 ms, 1.5 x 8 MB at 1 GB/s
  CHECK(all_reduce_s(wire(1e9, 1e-3), kFour, 8e6) == Approx(0.006 + 0.012));
  CHECK(all_reduce_s(wire(1e9, 1e-3), Layout{}, 8e6) == 0);
}

TEST_CASE("what does not fit behind the backward pass is exposed") {
  // Bucket 1 leaves at 10 ms and takes 1.5 x 3 MB / 1 GB/s = 4.5 ms: hidden. Bucket 2 leaves at 20 ms and takes 7.5 ms.
  StepTime time = predict(two_buckets(), wire(1e9), kFour, 4);
  CHECK(time.exposed_communication_s == Approx(0.0075));
  CHECK(time.communication_s == Approx(0.012));
  CHECK(time.step_s == Approx(0.032 + 0.0075));

  // At 100 MB/s bucket 1 is on its way from 10 to 55 ms, and bucket 2 waits for it, until 130 ms.
  time = predict(two_buckets(), wire(1e8), kFour, 4);
  CHECK(time.exposed_communication_s == Approx(0.110));

  Workload late = two_buckets();
  late.overlap = false;  // both leave at 20 ms
  CHECK(predict(late, wire(1e9), kFour, 4).exposed_communication_s == Approx(0.012));
}

TEST_CASE("CPU ranks of one host exchange after the backward pass, GPUs of one host during it") {
  const Layout one_host{.ranks_per_node = 4};
  Machine machine;
  machine.in_node.s_per_byte = 1e-9;
  CHECK(predict(two_buckets(), machine, one_host, 4).exposed_communication_s == Approx(0.008));
  machine.algorithm = Algorithm::tree;
  CHECK(predict(two_buckets(), machine, one_host, 4).exposed_communication_s == Approx(0.0075));
}

TEST_CASE("one bucket and no overlap: everything is exposed") {
  Workload work = two_buckets();
  work.buckets = {{8e6, 1.0}};
  const Machine machine = wire(1e9, 1e-4);
  CHECK(predict(work, machine, kFour, 4).exposed_communication_s == Approx(all_reduce_s(machine, kFour, 8e6)));
}

TEST_CASE("blocking exchanges of CPU ranks are gathered: one hop, and each rank of a host sends to all ranks of other hosts") {
  Workload work = two_buckets();
  work.buckets.clear();
  work.blocking_exchanges = 41;         // 20 synchronised batch norms and the verdict
  work.blocking_bytes = 41e3 - 4 * 16;  // and the verdict's 16 for each rank
  Machine machine;
  machine.between_nodes = {.latency_s = 5e-3, .blocking_latency_s = 1e-4, .blocking_s_per_byte = 1e-8};
  CHECK(blocking_exchange_s(machine, kFour, 1e3) == Approx(1e-4 + 3e3 * 1e-8));
  CHECK(blocking_exchange_s(machine, Layout{.nodes = 2, .ranks_per_node = 3}, 1e3) == Approx(1e-4 + 9e3 * 1e-8));
  CHECK(blocking_exchange_s(machine, Layout{}, 1e3) == 0);
  CHECK(predict(work, machine, kFour, 4).exposed_communication_s == Approx(41 * (1e-4 + 3e3 * 1e-8)));
}

TEST_CASE("what is too long to be gathered is an all-reduce") {
  Machine machine = wire(1e9, 1e-3);  // gathers would be free
  CHECK(blocking_exchange_s(machine, kFour, 262144) == 0);
  CHECK(blocking_exchange_s(machine, kFour, 262145) == Approx(all_reduce_s(machine, kFour, 262145)));
}

TEST_CASE("ranks of several hosts that share them gather around a ring what is too long for their links") {
  Machine machine = wire(1e9, 1e-3);
  machine.in_node = {.blocking_latency_s = 1, .blocking_s_per_byte = 1};  // the memory of a host has no part in it
  machine.between_nodes.blocking_latency_s = 1e-4;
  machine.between_nodes.blocking_s_per_byte = 1e-8;
  const Layout pairs{.nodes = 2, .ranks_per_node = 2};
  CHECK(blocking_exchange_s(machine, pairs, 18432) == Approx(1e-4 + 4 * 18432 * 1e-8));
  CHECK(blocking_exchange_s(machine, pairs, 18436) == Approx(3 * (1e-3 + 18436 * 1e-9)));
  CHECK(blocking_exchange_s(machine, pairs, 262144) == Approx(3 * (1e-3 + 262144 * 1e-9)));
}

TEST_CASE("a rank that polls while it waits works no longer than it waits") {
  Machine machine;
  machine.between_nodes = {.blocking_latency_s = 1e-4, .core_s_per_blocking = 3e-4};
  machine.cores = 2;
  CHECK(blocking_exchange_s(machine, kFour, 0) == Approx(1e-4));
  CHECK(blocking_exchange_s(machine, Layout{.nodes = 4, .ranks_sharing_cores = 4}, 0) == Approx(2e-4));
}

TEST_CASE("ranks that are bound to their cores have as many in every layout") {
  Workload work = two_buckets();
  work.threads = 4;
  work.team = 4;
  work.parallel = 1;
  Machine machine;
  machine.cores = 4;
  machine.bound = true;
  CHECK(predict(work, machine, Layout{.ranks_per_node = 8}, 4).compute_s == Approx(0.032));
}

TEST_CASE("in the memory of one host blocking exchanges do not hop, but ranks that share cores take turns") {
  Machine machine;
  machine.in_node = {.blocking_latency_s = 8e-6, .core_s_per_blocking = 8e-6};
  machine.cores = 4;
  CHECK(blocking_exchange_s(machine, Layout{.ranks_per_node = 4}, 0) == Approx(8e-6));
  CHECK(blocking_exchange_s(machine, Layout{.ranks_per_node = 16}, 0) == Approx(32e-6));
}

TEST_CASE("on GPUs blocking exchanges go up and down the tree like others") {
  Machine machine;
  machine.algorithm = Algorithm::tree;
  machine.between_nodes = {.blocking_latency_s = 1e-5, .blocking_s_per_byte = 1e-9};
  CHECK(blocking_exchange_s(machine, Layout{.nodes = 16}, 1e4) == Approx(8e-5 + 2.0 * 15 / 16 * 1e-5));
}

TEST_CASE("on GPUs the slower of two kinds of links counts") {
  Machine machine = wire(1e9, 1e-3);
  machine.algorithm = Algorithm::tree;
  machine.in_node = {.latency_s = 1e-5, .s_per_byte = 1 / 5e9};
  const Layout in_node{.nodes = 1, .ranks_per_node = 4}, both{.nodes = 2, .ranks_per_node = 2};
  CHECK(all_reduce_s(machine, in_node, 8e6) == Approx(6e-5 + 12e6 / 5e9));
  CHECK(all_reduce_s(machine, both, 8e6) == Approx(2e-5 + 2e-3 + 12e6 / 1e9));
}

TEST_CASE("a sum in the memory of a host takes as long for any number of ranks, because each adds a slice") {
  Machine machine;
  machine.in_node = {.latency_s = 1e-5, .s_per_byte = 1 / 5e9};
  for (const int ranks : {2, 4, 16}) {
    CHECK(all_reduce_s(machine, Layout{.ranks_per_node = ranks}, 8e6) == Approx(1e-5 + 8e6 / 5e9));
  }
}

TEST_CASE("CPU ranks of several hosts add within each host, and each byte crosses the network once for a host") {
  Machine machine = wire(1e9, 1e-3);
  machine.in_node = {.latency_s = 1e-5, .s_per_byte = 1 / 5e9};
  const double near = 1e-5 + 8e6 / 5e9, far = 6e-3 + 1.5 * 8e6 / 1e9;
  CHECK(all_reduce_s(machine, kFour, 8e6) == Approx(far));
  CHECK(all_reduce_s(machine, Layout{.nodes = 4, .ranks_per_node = 2}, 8e6) == Approx(near + far));
  CHECK(all_reduce_s(machine, Layout{.nodes = 4, .ranks_per_node = 8}, 8e6) == Approx(near + far));
  // Each of the ranks of a host sends its slice: 12 MB by two ranks at 10 ns a byte, on one core each.
  machine.between_nodes.core_s_per_byte = 10e-9;
  machine.cores = 2;
  CHECK(all_reduce_s(machine, Layout{.nodes = 4, .ranks_per_node = 2}, 8e6) == Approx(1e-5 + 6e-3 + 1.5 * 8e6 / 2 * 10e-9));
}

TEST_CASE("a tree needs hops that grow with the logarithm of the nodes") {
  Machine machine = wire(1e9, 1e-5);
  machine.algorithm = Algorithm::tree;
  CHECK(all_reduce_s(machine, Layout{.nodes = 16}, 0) == Approx(8e-5));
  CHECK(all_reduce_s(machine, Layout{.nodes = 1024}, 0) == Approx(20e-5));
}

TEST_CASE("ranks that share cores slow each other down") {
  Workload work = two_buckets();
  work.threads = 1;
  Machine machine;
  machine.cores = 2;
  CHECK(predict(work, machine, Layout{.ranks_per_node = 2}, 4).compute_s == Approx(0.032));
  CHECK(predict(work, machine, Layout{.ranks_per_node = 8}, 4).compute_s == Approx(4 * 0.032));
  CHECK(predict(work, machine, Layout{.nodes = 8, .ranks_sharing_cores = 8}, 4).compute_s == Approx(4 * 0.032));
  // The loader's half of a core a rank counts as well: 8 x (1 + 0.5) on 2 cores.
  work.input_core_s_per_sample = 0.5 * 0.032 / 4;
  CHECK(predict(work, machine, Layout{.ranks_per_node = 8}, 4).compute_s == Approx(6 * 0.032));
}

TEST_CASE("a rank that has fewer threads than the measured one computes longer, where threads help") {
  Workload work = two_buckets();
  work.threads = 3;  // of four
  work.team = 4;
  work.parallel = 0.75;
  Machine machine;
  machine.cores = 4;
  CHECK(predict(work, machine, Layout{}, 4).compute_s == Approx(0.032));
  CHECK(predict(work, machine, Layout{.ranks_per_node = 2}, 4).compute_s == Approx(0.032 * (0.25 + 0.75 * 2)));
  CHECK(predict(work, machine, Layout{.ranks_per_node = 4}, 4).compute_s == Approx(0.032 * (0.25 + 0.75 * 4)));
  // Eight ranks of one thread, which keeps 3/3.25 of a core busy, on four cores.
  CHECK(predict(work, machine, Layout{.ranks_per_node = 8}, 4).compute_s == Approx(0.032 * (0.25 + 0.75 * 4) * 8 * 3 / 3.25 / 4));
  work.team = 0;  // the config says how many
  CHECK(predict(work, machine, Layout{.ranks_per_node = 1}, 4).compute_s == Approx(0.032));
}

TEST_CASE("communication takes processor time from the computation when there is none to spare") {
  Workload work = two_buckets();
  work.threads = 1;
  Machine machine = wire(1e9);
  machine.between_nodes.core_s_per_byte = 0.5e-9;  // half a core while bytes move at full speed
  machine.cores = 1;
  // Bucket 1 (4.5 ms) overlaps and takes half of the core meanwhile: the backward pass ends 2.25 ms late, then 7.5 ms for
  // bucket 2.
  CHECK(predict(work, machine, Layout{.nodes = 4}, 4).exposed_communication_s == Approx(0.00225 + 0.0075));
  machine.cores = 4;  // enough for both
  CHECK(predict(work, machine, Layout{.nodes = 4}, 4).exposed_communication_s == Approx(0.0075));
}

TEST_CASE("where ranks share cores, the messages of a bucket and its bytes take processor time together") {
  Machine machine = wire(1e9, 1e-3);
  machine.between_nodes.core_s_per_byte = 1e-9;
  machine.between_nodes.core_s_per_message = 1e-3;
  machine.cores = 1;
  const Layout emulated{.nodes = 4, .ranks_sharing_cores = 4};
  // 12 MB on the wire: 12 ms on it, 12 + 6 ms of a core of which a rank has a quarter; 6 hops of 1 ms before.
  CHECK(all_reduce_s(machine, emulated, 8e6) == Approx(0.006 + 4 * 0.018));
  machine.cores = 100;
  CHECK(all_reduce_s(machine, emulated, 8e6) == Approx(0.006 + 0.012));
}

TEST_CASE("only the last of several passes hides communication") {
  Workload work = two_buckets();
  // Two passes of 2 samples: forward 6 ms, backward 12 ms each; bucket 1 leaves at 6 ms of the second.
  const StepTime time = predict(work, wire(1e8), kFour, 4, 2);
  CHECK(time.compute_s == Approx(2 * 0.018 + 0.002));
  CHECK(time.exposed_communication_s == Approx(0.006 + 0.12 - 0.012));
}

TEST_CASE("input costs what it is slower than the step") {
  Workload work = two_buckets();
  work.input_s_per_sample = 0.005;  // 20 ms a batch: hidden
  CHECK(predict(work, Machine{}, kFour, 4).input_s == 0);
  work.input_s_per_sample = 0.010;  // 40 ms
  const StepTime time = predict(work, Machine{}, kFour, 4);
  CHECK(time.input_s == Approx(0.008));
  CHECK(time.step_s == Approx(0.040));
}

TEST_CASE("the start of an epoch is shared by its steps") {
  Workload work = two_buckets();
  work.epoch_start_s = 1;
  const StepTime time = predict_in_epoch(work, Machine{}, kFour, 4, 100);
  CHECK(time.step_s == Approx(0.032 + 0.01));
  CHECK(time.input_s == Approx(0.01));
}

TEST_CASE("the expected largest of n draws") {
  CHECK(expected_largest({5}, 64) == Approx(5));
  CHECK(expected_largest({1, 2, 3}, 1) == Approx(2));
  // Of two draws from {1, 2, 3}: (1 x 1 + 3 x 2 + 5 x 3) / 9
  CHECK(expected_largest({1, 2, 3}, 2) == Approx(22.0 / 9));
  // Uniform on (0, 1): n/(n + 1)
  std::vector<double> uniform;
  for (int i = 0; i < 1000; ++i) uniform.push_back((i + 0.5) / 1000);
  CHECK(expected_largest(uniform, 9) == Approx(0.9).margin(0.001));
  // Exponential: the harmonic number H_n, also beyond the size of the sample: H_1000 = 7.4855
  std::vector<double> exponential;
  for (int i = 0; i < 200; ++i) exponential.push_back(-std::log(1 - (i + 0.5) / 200));
  CHECK(expected_largest(exponential, 10) == Approx(2.92897).epsilon(0.01));
  CHECK(expected_largest(exponential, 1000) == Approx(7.4855).epsilon(0.03));
}

TEST_CASE("imbalance grows with the ranks and is nothing for one") {
  Workload work = two_buckets();
  work.spread = {0.9, 0.95, 1.0, 1.05, 1.1};
  CHECK(predict(work, Machine{}, Layout{}, 4).imbalance_s == 0);
  const double two = predict(work, Machine{}, Layout{.nodes = 2}, 4).imbalance_s;
  const double four = predict(work, Machine{}, kFour, 4).imbalance_s;
  CHECK(two == Approx(0.032 * 0.04));  // the mean of the larger of two: 1.04
  CHECK(four > two);
  CHECK(four < 0.032 * 0.1);
}
