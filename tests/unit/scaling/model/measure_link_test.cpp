#include "hpcai/scaling/model/measure_link.h"

#include <catch2/catch.hpp>

using namespace hpcai::scaling;

namespace {

constexpr double kCore_s = 3e-6;

// What exchanges over this machine would take, without noise.
std::vector<LinkSample> samples_of(const Machine& machine, const Layout& layout) {
  std::vector<LinkSample> samples;
  for (double bytes : {24.0, 4096.0, 65536.0}) samples.push_back({.blocking = true, .bytes = bytes});
  for (double bytes : {4096.0, 1e6, 8e6}) samples.push_back({.bytes = bytes});
  for (LinkSample& sample : samples) {
    sample.median_s =
        sample.blocking ? blocking_exchange_s(machine, layout, sample.bytes) : all_reduce_s(machine, layout, sample.bytes);
    sample.core_s = sample.blocking ? kCore_s * blocking_hops_of(machine.algorithm, layout)
                                    : 2 * kCore_s * hops_of(machine.algorithm, layout);
  }
  return samples;
}

void check_recovered(const Machine& machine, const Layout& layout, const Link& link) {
  auto samples = samples_of(machine, layout);
  const Link found = fit_link(samples, machine, layout);
  CHECK(found.s_per_byte == Approx(link.s_per_byte));
  CHECK(found.blocking_s_per_byte == Approx(link.blocking_s_per_byte));
  // The smallest exchange is taken for one without bytes.
  CHECK(found.latency_s == Approx(link.latency_s).epsilon(0.02));
  CHECK(found.blocking_latency_s == Approx(link.blocking_latency_s).epsilon(0.02));
  CHECK(found.core_s_per_blocking == Approx(kCore_s));
  CHECK(found.core_s_per_message == Approx(2 * kCore_s));
  for (const LinkSample& sample : samples) CHECK(sample.fitted_s == Approx(sample.median_s).epsilon(0.02));
}

}  // namespace

TEST_CASE("a link is recovered from the times of buckets and of blocking exchanges, each by themselves") {
  const Link link{.latency_s = 5e-4, .s_per_byte = 1e-9, .blocking_latency_s = 8e-6, .blocking_s_per_byte = 3e-10};
  Machine machine;
  machine.in_node = link;
  check_recovered(machine, Layout{.ranks_per_node = 2}, link);
  machine.in_node = {};
  machine.between_nodes = link;
  check_recovered(machine, Layout{.nodes = 2}, link);
  check_recovered(machine, Layout{.nodes = 4}, link);
  machine.in_node = {
      .latency_s = 1e-4, .s_per_byte = 3e-10, .blocking_latency_s = 1e-6};  // in which the ranks of a host add first
  check_recovered(machine, Layout{.nodes = 2, .ranks_per_node = 2}, link);
  machine.in_node = {};
  machine.algorithm = Algorithm::tree;
  check_recovered(machine, Layout{.nodes = 2}, link);
}
