#include "calibration_report.h"

#include <fmt/format.h>

#include <filesystem>

#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/draw/pp_plot.h"
#include "hpcai/runs/hashes.h"
#include "hpcai/tasks/calibration.h"
#include "hpcai/tasks/derived_parameters.h"

namespace hpcai::app {
namespace {

std::string ranks_csv(const Trained& trained, const std::vector<std::string>& names, const metrics::Predictions::Gathered& all) {
  std::string text = "id";
  for (const std::string& name : names) text += fmt::format(",{0}_rank,{0}_p05,{0}_median,{0}_p95,{0}_deviation", name);
  text += '\n';
  const at::Tensor values = all.prediction.to(at::kDouble).contiguous();
  const double* value = values.const_data_ptr<double>();
  for (const int64_t index : all.index) {
    text += trained.dataset->id(index);
    for (size_t i = 0; i < names.size() * tasks::kDrawSummaries; ++i) text += fmt::format(",{:.9g}", *value++);
    text += '\n';
  }
  return text;
}

std::string pp_figure(const std::vector<std::string>& names, const at::Tensor& summaries, const nlohmann::json& calibration,
                      const std::string& subject) {
  draw::PpPlot plot;
  plot.title = "Calibration of the posteriors";
  plot.subtitle = subject;
  plot.description = "Fraction of events whose true value lies in a credible interval, against the interval's credibility.";
  for (size_t i = 0; i < names.size(); ++i) {
    plot.parameters.push_back(
        {names[i], tasks::ranks_of(summaries, static_cast<int64_t>(i)), calibration.at(names[i]).at("ks_p").get<double>()});
  }
  return draw::draw_pp_plot(plot).svg();
}

}  // namespace

void write_calibration(const Trained& trained, const tasks::EvaluationResult& result, const std::string& folder,
                       const std::string& data_name) {
  std::vector<std::string> names = trained.dataset->spec().target_names;
  for (const std::string& name : tasks::derived_names(trained.dataset->spec().target_names)) names.push_back(name);
  const auto& all = result.predictions;
  const std::string subject =
      fmt::format("{} events of {}, {}, step {}", all.index.size(), data_name, trained.experiment.name, trained.step);
  runs::ReportFolder report(folder, "--report");
  report.write(kRanksCsv, ranks_csv(trained, names, all));
  report.write(kCalibrationJson, json_text(result.metrics, 2) + "\n");
  report.write(kPpFigure, pp_figure(names, all.prediction, result.metrics.at("calibration"), subject));
  report.record();
  log::info("ranks, calibration and P-P plot in {}", printable(std::filesystem::path(folder)));
}

}  // namespace hpcai::app
