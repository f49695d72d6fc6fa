#include "hpcai/models/waveform_posterior.h"

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/models/initialise.h"

namespace hpcai::models {

WaveformPosterior::WaveformPosterior(const WaveformPosteriorConfig& config, const EncoderShape& shape, int64_t dimensions)
    : dimensions_(dimensions) {
  encoder_ = register_module("encoder", make_encoder(config.encoder, shape, config.features, config.activation));
  flow_ = register_module("flow", std::make_shared<ConditionalFlow>(dimensions, config.features, config.flow, config.activation));
  scores_ = register_module("scores", std::make_shared<NormalScores>(dimensions));
  for (const auto& [name, part] : encoder_->parts()) add_layer("encoder." + name, {part});
  add_layer("head", {flow_});
}

at::Tensor WaveformPosterior::log_density(const at::Tensor& context, const at::Tensor& value) {
  const at::Tensor score = scores_->to_normal(value);
  return NormalScores::relative_to_uniform(score, flow_->log_density(context, score));
}

ConditionalDensity::Drawn WaveformPosterior::draw(const at::Tensor& context, const at::Tensor& base) {
  const Drawn score = flow_->draw(context, base);
  return {scores_->from_normal(score.value), NormalScores::relative_to_uniform(score.value, score.log_density)};
}

void WaveformPosterior::fit_to(const Examples& examples) {
  if (!examples.target_ranges.empty()) scores_->set_ranges(examples.target_ranges);
  if (examples.inputs.size(0) > 0) encoder_->fit_to(examples.inputs);
}

std::shared_ptr<Model> make(const WaveformPosteriorConfig& config, std::span<const int64_t> input_shape, int64_t outputs,
                            uint64_t seed) {
  if (input_shape.size() != 2) {
    throw Error(ExitCode::usage,
                fmt::format("model.type: waveform_posterior needs samples of shape [channels, time]; these are {}",
                            c10::str(at::IntArrayRef(input_shape.data(), input_shape.size()))));
  }
  if (config.summary >= input_shape[1]) {
    throw Error(
        ExitCode::usage,
        fmt::format("model.summary: {} leaves no time steps of the {} values of a channel", config.summary, input_shape[1]),
        "make it the number of values that the data add to each channel");
  }
  if (!config.flow.affine && config.flow.layers == 0) {
    throw Error(ExitCode::usage, "model.flow has neither layers nor the affine map, so that it cannot learn anything",
                "set model.flow.layers above 0");
  }
  const EncoderShape shape{.channels = input_shape[0], .steps = input_shape[1] - config.summary, .summary = config.summary};
  auto model = std::make_shared<WaveformPosterior>(config, shape, outputs);
  initialise_uniform_fan_in(*model, seed);
  model->start_as_prior();
  return model;
}

}  // namespace hpcai::models
