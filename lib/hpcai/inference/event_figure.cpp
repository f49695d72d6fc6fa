#include "hpcai/inference/event_figure.h"

#include <fmt/format.h>

#include "hpcai/draw/corner.h"
#include "hpcai/inference/posterior.h"

namespace hpcai::inference {
namespace {

constexpr int64_t kShownDraws = 5000;
constexpr std::pair<const char*, const char*> kShown[] = {
    {"chirp_mass", "M\u2609"}, {"mass_ratio", ""}, {"chi_eff", ""}, {"luminosity_distance", "Mpc"}, {"theta_jn", "rad"}};

draw::CornerSamples samples_of(const std::string& label, const data::PosteriorTable& table) {
  draw::CornerSamples set{label, {}};
  std::vector<std::vector<double>> columns;
  for (const auto& [name, unit] : kShown) columns.push_back(values_of(table, name));
  for (size_t i = 0; i < columns[0].size(); ++i) {
    for (const auto& column : columns) set.values.push_back(column[i]);
  }
  return set;
}

}  // namespace

draw::Canvas corner_plot(const EventAnswer& answer, const data::StrainModelConfig& model, const data::PosteriorTable& table) {
  draw::CornerPlot plot;
  plot.title = fmt::format("Merger at GPS {:.2f}", answer.trigger.gps_s);
  plot.description =
      "Posterior of the detector-frame chirp mass, the mass ratio, the effective spin, the distance and the inclination.";
  for (const auto& [name, unit] : kShown) plot.columns.push_back({name, unit});
  plot.sets.push_back(samples_of(answer.used_likelihood ? "reweighted with the likelihood" : "network", table));
  if (answer.used_likelihood) {
    plot.sets.push_back(samples_of("network", posterior_table(answer.network, model, answer.observation.gps_s, kShownDraws, 1)));
    plot.sets.back().colour = draw::colour::kOrange;
  }
  return draw::draw_corner(plot);
}

}  // namespace hpcai::inference
