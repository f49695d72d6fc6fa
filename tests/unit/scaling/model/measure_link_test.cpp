#include "hpcai/scaling/model/measure_link.h"

#include <catch2/catch.hpp>

using namespace hpcai::scaling;

namespace {

constexpr double kCore_s = 3e-6, kCore_s_per_byte = 2e-11;  // of the link that is fitted

// What exchanges over this machine would take, without noise. CPU ranks that share each of several hosts spend the processor time
// of machine.in_node in addition to that of the link between the hosts, of whose bytes each sends its slice.
std::vector<LinkSample> samples_of(const Machine& machine, const Layout& layout) {
  const bool adds_in_hosts = machine.algorithm == Algorithm::ring && layout.nodes > 1 && layout.ranks_per_node > 1;
  const Link host = adds_in_hosts ? machine.in_node : Link();
  const double sent = wire_of(machine.algorithm, layout) / (adds_in_hosts ? layout.ranks_per_node : 1);
  std::vector<LinkSample> samples;
  const double longest = layout.nodes > 1 && layout.ranks_per_node > 1 ? 1024 : 65536;  // beyond it the way is another one
  for (double bytes : {24.0, longest / 4, longest}) samples.push_back({.blocking = true, .bytes = bytes});
  for (double bytes : {4096.0, 1e6, 8e6}) samples.push_back({.bytes = bytes});
  for (LinkSample& sample : samples) {
    sample.median_s =
        sample.blocking ? blocking_exchange_s(machine, layout, sample.bytes) : all_reduce_s(machine, layout, sample.bytes);
    sample.core_s = sample.blocking ? kCore_s * blocking_hops_of(machine.algorithm, layout)
                                    : 2 * kCore_s * hops_of(machine.algorithm, layout) + sent * kCore_s_per_byte * sample.bytes +
                                          host.core_s_per_message + host.core_s_per_byte * sample.bytes;
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
  CHECK(found.core_s_per_message == Approx(2 * kCore_s).epsilon(0.02));
  CHECK(found.core_s_per_byte == Approx(kCore_s_per_byte));
  for (const LinkSample& sample : samples) CHECK(sample.fitted_s == Approx(sample.median_s).epsilon(0.02));
}

}  // namespace

TEST_CASE("a link is recovered from the times of buckets and of blocking exchanges, each by themselves") {
  const Link link{.latency_s = 5e-4, .s_per_byte = 1e-9, .blocking_latency_s = 8e-5, .blocking_s_per_byte = 3e-10};
  Machine machine;
  machine.in_node = link;
  check_recovered(machine, Layout{.ranks_per_node = 2}, link);
  machine.in_node = {};
  machine.between_nodes = link;
  check_recovered(machine, Layout{.nodes = 2}, link);
  check_recovered(machine, Layout{.nodes = 4}, link);
  machine.in_node = {.latency_s = 1e-4,  // in which the ranks of a host add first
                     .s_per_byte = 3e-10,
                     .core_s_per_message = 9e-5,
                     .core_s_per_byte = 5e-10,
                     .blocking_latency_s = 1e-6};
  check_recovered(machine, Layout{.nodes = 2, .ranks_per_node = 2}, link);
  check_recovered(machine, Layout{.nodes = 3, .ranks_per_node = 4}, link);
  machine.in_node = {};
  machine.algorithm = Algorithm::tree;
  check_recovered(machine, Layout{.nodes = 2}, link);
}
