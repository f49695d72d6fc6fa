#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "hpcai/config/field.h"

namespace hpcai::distributed {

// The library that carries tensors between ranks.
enum class Backend { automatic, gloo, nccl };
inline config::EnumNames<Backend> enum_names(Backend) {
  return {{Backend::automatic, "auto"}, {Backend::gloo, "gloo"}, {Backend::nccl, "nccl"}};
}

// The number format in which gradients travel.
enum class WirePrecision { same, bf16, fp16 };
inline config::EnumNames<WirePrecision> enum_names(WirePrecision) {
  return {{WirePrecision::same, "same"}, {WirePrecision::bf16, "bf16"}, {WirePrecision::fp16, "fp16"}};
}

// What happens when the state of a rank differs from that of the others.
enum class OnDrift { stop, heal };
inline config::EnumNames<OnDrift> enum_names(OnDrift) { return {{OnDrift::stop, "stop"}, {OnDrift::heal, "heal"}}; }

struct NoCompression {
  static constexpr std::string_view kType = "none";
  static constexpr std::string_view kHelp = "Gradients travel whole.";

  template <class Visitor>
  void describe(Visitor&) {}
};

struct PowerSgdConfig {
  static constexpr std::string_view kType = "powersgd";
  static constexpr std::string_view kHelp =
      "PowerSGD (Vogels et al. 2019): each gradient travels as the product of two thin matrices, and each rank keeps what that "
      "leaves out for later steps. For networks that are slower than the computation.";
  int64_t rank = 2;
  int64_t start_step = 100;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("rank", rank,
                  {.help = "Columns of the thin matrices; more are closer to the whole gradient.", .min = 1, .max = 256});
    visitor.field("start_step", start_step,
                  {.help = "Gradients travel whole in the steps before this one, while they still change much.",
                   .unit = "steps",
                   .min = 0});
  }
};

using CompressionConfig = std::variant<NoCompression, PowerSgdConfig>;

// The section `distributed` of an experiment.
struct DistributedConfig {
  Backend backend = Backend::automatic;
  std::string interface;
  int64_t port = 0;
  double connect_timeout_s = 300;
  double timeout_s = 60;
  double bucket_mb = 25;
  double first_bucket_mb = 1;
  bool overlap = true;
  WirePrecision wire_precision = WirePrecision::same;
  CompressionConfig compression;
  int64_t deterministic_shards = 0;
  int64_t check_every_steps = 1000;
  OnDrift on_drift = OnDrift::stop;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("backend", backend,
                  {.help = "What carries tensors between ranks; auto is nccl on GPUs and gloo on CPUs.", .local = true});
    visitor.field("interface", interface,
                  {.help = "Network interface for the traffic between ranks, such as ib0; empty takes the one that "
                           "leads to rank 0.",
                   .local = true});
    visitor.field("port", port,
                  {.help = "Port on which rank 0 gathers the ranks; 0 takes the launcher's, or a free one.",
                   .min = 0,
                   .max = 65535,
                   .local = true});
    visitor.field(
        "connect_timeout_s", connect_timeout_s,
        {.help = "How long to wait at the start until all ranks are there, and for a rank that is alive but slow while it "
                 "opens its data, in the first step, and while it writes a checkpoint.",
         .unit = "s",
         .min = 0,
         .max = 1e6,
         .min_excluded = true,
         .local = true});
    visitor.field(
        "timeout_s", timeout_s,
        {.help = "Within this time a rank that has crashed, was stopped or has lost its network is named and all ranks end "
                 "(status 69); likewise one that is alive but makes no progress while others wait for it (status 80). Where "
                 "nobody waits, as for a rank alone, it takes ten times as long, or 20 times the longest part of a step so far.",
         .unit = "s",
         .min = 0,
         .max = 1e6,
         .min_excluded = true,
         .local = true});
    visitor.field("bucket_mb", bucket_mb,
                  {.help = "Gradients travel in buckets of about this size.", .unit = "MiB", .min = 0, .min_excluded = true});
    visitor.field("first_bucket_mb", first_bucket_mb,
                  {.help = "Size of the first bucket; a small one lets the traffic start early in the backward pass.",
                   .unit = "MiB",
                   .min = 0,
                   .min_excluded = true});
    visitor.field("overlap", overlap, {.help = "Send gradients while the backward pass still runs.", .local = true});
    visitor.field("wire_precision", wire_precision,
                  {.help = "Number format in which gradients travel: that of the parameters (same), or bf16 or fp16 at half the "
                           "traffic of fp32; fp16 brings loss scaling with it."});
    visitor.field("compression", compression, {.help = "Whether gradients are compressed before they travel."});
    visitor.field(
        "deterministic_shards", deterministic_shards,
        {.help = "Cut the global batch into this many shards, compute each alone and add their gradients in a fixed order. Then "
                 "every number of ranks that divides it gives the same bits. 0 is off and faster.",
         .min = 0,
         .max = 1 << 16});
    visitor.field(
        "check_every_steps", check_every_steps,
        {.help = "Compare the bits of the state of all ranks every so many steps and before each checkpoint; 0 for never.",
         .unit = "steps",
         .min = 0,
         .local = true});
    visitor.field("on_drift", on_drift,
                  {.help = "What to do if the state of some ranks differs from that of most: stop ends the run (status 76), heal "
                           "gives them the state of the others.",
                   .local = true});
  }
};

}  // namespace hpcai::distributed
