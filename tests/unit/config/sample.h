#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hpcai/config/config.h"

// An experiment with every kind of setting there is.
namespace sample {

enum class Precision { fp32, bf16 };
inline hpcai::config::EnumNames<Precision> enum_names(Precision) {
  return {{Precision::fp32, "fp32"}, {Precision::bf16, "bf16"}};
}
enum class BatchNorm { local, synchronised, frozen };
inline hpcai::config::EnumNames<BatchNorm> enum_names(BatchNorm) {
  return {{BatchNorm::local, "local"}, {BatchNorm::synchronised, "synchronised"}, {BatchNorm::frozen, "frozen"}};
}

struct Simulated {
  static constexpr std::string_view kType = "simulated";
  static constexpr std::string_view kHelp = "Waveforms made on the fly.";
  int64_t samples = 1000;
  double time_step = 0.1;
  std::vector<double> mass_ratios = {1, 8};
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("samples", samples, {.help = "Number of training samples.", .min = 1});
    visitor.field("time_step", time_step, {.help = "Sampling interval.", .unit = "M", .min = 0, .min_excluded = true});
    visitor.field("mass_ratios", mass_ratios, {.help = "Lowest and highest mass ratio.", .min = 1, .max = 100});
  }
};

struct Files {
  static constexpr std::string_view kType = "hdf5";
  std::string train_file;
  std::optional<std::string> validation_file;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("train_file", train_file, {.help = "File of the training split.", .required = true});
    visitor.field("validation_file", validation_file, {.help = "File of the validation split."});
  }
};

struct Sgd {
  static constexpr std::string_view kType = "sgd";
  double lr = 0.1;
  double momentum = 0.9;
  bool nesterov = false;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("lr", lr, {.help = "Learning rate.", .min = 0, .min_excluded = true});
    visitor.field("momentum", momentum, {.help = "Momentum.", .min = 0, .max = 1, .max_excluded = true});
    visitor.field("nesterov", nesterov, {.help = "Look ahead by one step."});
  }
};

struct Adam {
  static constexpr std::string_view kType = "adam";
  double lr = 1e-3;
  double beta1 = 0.9;
  double epsilon = 1e-8;
  double weight_decay = 0;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("lr", lr, {.help = "Learning rate.", .min = 0, .min_excluded = true});
    visitor.field("beta1", beta1, {.help = "Decay of the first moment.", .min = 0, .max = 1, .max_excluded = true});
    visitor.field("epsilon", epsilon, {.help = "Added to the denominator.", .min = 0, .min_excluded = true});
    visitor.field("weight_decay", weight_decay, {.help = "Decay of the weights towards zero.", .min = 0});
  }
};

struct Plateau {
  double factor = 0.5;
  int64_t patience = 3;
  double floor = 1e-10;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("factor", factor, {.help = "Multiplies the rate when the loss stalls.", .min = 0, .max = 1});
    visitor.field("patience", patience, {.help = "Evaluations to wait.", .min = 0});
    visitor.field("floor", floor, {.help = "Lowest rate.", .min = 0});
  }
};

struct Stage {
  int64_t epochs = 1;
  std::string trainable_from = "head";
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("epochs", epochs, {.help = "Epochs of this stage.", .min = 1});
    visitor.field("trainable_from", trainable_from, {.help = "First layer that is trained."});
  }
};

struct Flip {
  static constexpr std::string_view kType = "flip";
  double probability = 0.5;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("probability", probability, {.help = "Share of images flipped.", .min = 0, .max = 1});
  }
};
struct Rotate {
  static constexpr std::string_view kType = "rotate";
  double max_angle = 45;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("max_angle", max_angle, {.help = "Largest angle.", .unit = "degrees", .min = 0, .max = 180});
  }
};

struct Training {
  int64_t epochs = 100;
  int64_t global_batch = 0;
  uint64_t seed = 1;
  Precision precision = Precision::fp32;
  std::optional<double> clip_norm;
  std::vector<Stage> stages;
  int log_every_steps = 50;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("epochs", epochs, {.help = "Passes over the training data.", .min = 1});
    visitor.field("global_batch", global_batch, {.help = "Samples per step, all ranks together.", .min = 1, .required = true});
    visitor.field("seed", seed, {.help = "Seed of all random numbers."});
    visitor.field("precision", precision, {.help = "Number format of the forward pass."});
    visitor.field("clip_norm", clip_norm, {.help = "Largest gradient norm.", .min = 0});
    visitor.field("stages", stages, {.help = "Stages of fine-tuning, in order."});
    visitor.field("log_every_steps", log_every_steps, {.help = "Steps between log lines.", .min = 1, .local = true});
  }
};

struct Average {
  double decay = 0.999;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("decay", decay, {.help = "Decay of the moving average.", .min = 0, .max = 1});
  }
};

struct Distributed {
  std::string interface;
  int32_t port = 0;
  double timeout_s = 60;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("interface", interface, {.help = "Network interface."});
    visitor.field("port", port, {.help = "Port of rank 0, 0 for any.", .min = 0, .max = 65535});
    visitor.field("timeout_s", timeout_s, {.help = "Time limit of a collective.", .unit = "s", .min = 0, .min_excluded = true});
  }
};

struct Experiment {
  std::string name = "unnamed";
  std::variant<Simulated, Files> data;
  BatchNorm batch_norm = BatchNorm::local;
  std::vector<int64_t> channels = {64, 128};
  std::vector<Precision> fallbacks;
  std::variant<Sgd, Adam> optimizer = Adam{.lr = 5e-4};
  Plateau schedule{.patience = 7};
  Training training;
  std::vector<std::variant<Flip, Rotate>> augmentation;
  std::optional<Average> average;
  Distributed distributed;
  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("name", name, {.help = "Name of the run."});
    visitor.field("data", data, {.help = "Where the data come from.", .required = true});
    visitor.field("batch_norm", batch_norm, {.help = "How batch statistics are taken."});
    visitor.field("channels", channels, {.help = "Channels of each block.", .min = 1});
    visitor.field("fallbacks", fallbacks, {.help = "Formats to try next."});
    visitor.field("optimizer", optimizer, {.help = "Update rule."});
    visitor.field("schedule", schedule, {.help = "Learning rate over time."});
    visitor.field("training", training, {.help = "The loop."});
    visitor.field("augmentation", augmentation, {.help = "Random changes of the input, in order."});
    visitor.field("average", average, {.help = "Moving average of the weights."});
    visitor.field("distributed", distributed, {.help = "Ranks and network.", .local = true});
  }
};

// Every key given, some values other than the defaults.
inline const std::string kFullText = R"(name: full
data:
  type: simulated
  samples: 5000
  time_step: 0.25
  mass_ratios: [1, 4.5]
batch_norm: synchronised
channels: [32, 64]
fallbacks: [bf16, fp32]
optimizer:
  type: adam
  lr: 1e-3
  beta1: 0.85
  epsilon: 1e-7
  weight_decay: 0.01
schedule:
  factor: 0.1
  patience: 2
  floor: 1e-9
training:
  epochs: 12
  global_batch: 128
  seed: 7
  precision: bf16
  clip_norm: 1.5
  stages:
    - epochs: 1
      trainable_from: head
    - {epochs: 2, trainable_from: "40"}
  log_every_steps: 5
augmentation:
  - type: flip
    probability: 0.25
  - type: rotate
    max_angle: 90
average:
  decay: 0.99
distributed:
  interface: eth0
  port: 29500
  timeout_s: 30
)";
inline const std::string kShortText = "data: {type: simulated}\ntraining: {global_batch: 8}\n";

Experiment parse(const std::string& text, const std::vector<std::string>& overrides = {});

// What reading `text` complains about; empty if it is accepted.
std::string complaint(const std::string& text, const std::vector<std::string>& overrides = {});
// The same for the short, valid text with more lines after it.
std::string complaint_about_lines(const std::string& lines);

}  // namespace sample
