#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/core/threads/team.h"

namespace hpcai::trainer {

enum class Precision { fp32, tf32, bf16, fp16 };
inline config::EnumNames<Precision> enum_names(Precision) {
  return {{Precision::fp32, "fp32"}, {Precision::tf32, "tf32"}, {Precision::bf16, "bf16"}, {Precision::fp16, "fp16"}};
}
// Whether tensors are stored in fewer bits than fp32 has.
inline bool is_narrow(Precision precision) { return precision == Precision::bf16 || precision == Precision::fp16; }

enum class DeviceChoice { automatic, cpu, cuda };
inline config::EnumNames<DeviceChoice> enum_names(DeviceChoice) {
  return {{DeviceChoice::automatic, "auto"}, {DeviceChoice::cpu, "cpu"}, {DeviceChoice::cuda, "cuda"}};
}

// What becomes of a step whose loss or gradient is not finite.
enum class OnDivergence { stop, skip, roll_back };
inline config::EnumNames<OnDivergence> enum_names(OnDivergence) {
  return {{OnDivergence::stop, "stop"}, {OnDivergence::skip, "skip"}, {OnDivergence::roll_back, "roll_back"}};
}

// A part of the training with its own frozen layers. Each stage starts the schedule and its warm-up anew.
struct StageConfig {
  std::string trainable_from = "all";
  int64_t epochs = 1;
  bool plateau = true;
  int64_t early_stop_patience = 0;
  bool cache_features = false;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("trainable_from", trainable_from,
            {.help = "First layer that is trained: 'all', 'head', or for Xception a Keras layer index such as '40'."});
    v.field("epochs", epochs, {.help = "At most this many epochs.", .min = 1, .required = true});
    v.field("plateau", plateau, {.help = "Whether schedule type 'plateau' may lower the rate in this stage."});
    v.field(
        "early_stop_patience", early_stop_patience,
        {.help = "End the stage after this many epochs without a better validation loss; 0 never.", .unit = "epochs", .min = 0});
    v.field(
        "cache_features", cache_features,
        {.help = "With trainable_from 'head': compute the frozen layers once for each training image, keep what the head reads "
                 "in memory, and train on that. The images of this stage are not augmented."});
  }
};

// The section `training`.
struct TrainingConfig {
  int64_t epochs = 10;
  int64_t max_steps = 0;
  int64_t global_batch = 32;
  int64_t accumulation = 1;
  int64_t seed = 1;
  Precision precision = Precision::fp32;
  double clip_norm = 0;
  double average_decay = 0;
  int64_t early_stop_patience = 0;
  std::vector<StageConfig> stages;
  OnDivergence on_divergence = OnDivergence::stop;
  int64_t roll_back_steps = 50;
  int64_t max_skipped_steps = 10;
  int64_t log_every_steps = 50;
  DeviceChoice device = DeviceChoice::automatic;
  bool deterministic = false;
  int64_t threads = 0;

  template <class Visitor>
  void describe(Visitor& v) {
    v.field("epochs", epochs, {.help = "Passes over the training data; with `stages`, each stage states its own.", .min = 1});
    v.field("max_steps", max_steps,
            {.help = "Stop after this many steps even within an epoch; 0 means no such limit.", .min = 0});
    v.field("global_batch", global_batch,
            {.help = "Samples of one step, over all ranks; the share of a rank follows from it.", .unit = "samples", .min = 1});
    v.field("accumulation", accumulation,
            {.help = "Split a rank's share of a step into this many passes to save memory.", .min = 1});
    v.field("seed", seed, {.help = "Of everything random: initial weights, order of samples, augmentation, dropout.", .min = 0});
    v.field(
        "precision", precision,
        {.help =
             "Arithmetic of the forward and backward pass; weights are always fp32. tf32: fp32, but a GPU's tensor cores round "
             "the factors of products to 10 bits; fp16 scales the loss."});
    v.field("clip_norm", clip_norm, {.help = "Largest L2 norm of all gradients together; 0 leaves them alone.", .min = 0});
    v.field("average_decay", average_decay,
            {.help = "Decay per step of a running average of the weights, which is then evaluated and saved; 0 means none.",
             .min = 0,
             .max = 1,
             .max_excluded = true});
    v.field("early_stop_patience", early_stop_patience,
            {.help = "Stop after this many epochs without a better validation loss; 0 never.", .unit = "epochs", .min = 0});
    v.field("stages", stages, {.help = "Parts of the training that freeze different layers; empty means one part."});
    v.field(
        "on_divergence", on_divergence,
        {.help = "What becomes of a step whose loss or gradient is not finite: stop ends the training (status 79), skip leaves "
                 "the weights alone and goes on with the next batch, roll_back restores the state of some steps before and goes "
                 "on with the next batch.",
         .local = true});
    v.field("roll_back_steps", roll_back_steps,
            {.help = "With on_divergence roll_back: the state that returns is at least so many steps old, and at first less than "
                     "twice so "
                     "many.",
             .unit = "steps",
             .min = 1,
             .local = true});
    v.field("max_skipped_steps", max_skipped_steps,
            {.help = "With on_divergence skip or roll_back: so many steps in a row that are not finite end the training (status "
                     "79).",
             .unit = "steps",
             .min = 1,
             .local = true});
    v.field("log_every_steps", log_every_steps,
            {.help = "A line in metrics.jsonl every so many steps.", .min = 1, .local = true});
    v.field("device", device, {.help = "Where to compute; auto takes a GPU where there is one that can be used.", .local = true});
    v.field(
        "deterministic", deterministic,
        {.help = "On GPUs: only algorithms that give the same bits every time, at some cost of speed; on CPUs it is always so."});
    v.field("threads", threads,
            {.help = "Threads of a CPU rank; 0 shares the cores among the ranks of a host.",
             .min = 0,
             .max = team::kMostThreads,
             .local = true});
  }
};

}  // namespace hpcai::trainer
