#include "hpcai/tasks/classification_report.h"

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/text.h"
#include "hpcai/data/png.h"
#include "hpcai/data/sample_image.h"
#include "hpcai/draw/picture_sheet.h"
#include "hpcai/metrics/classification_figures.h"
#include "hpcai/metrics/classification_report.h"

namespace hpcai::tasks {
namespace {

constexpr const char *kNumbers = "classification.json", *kTables = "report.md", *kRows = "predictions.csv", *kRoc = "roc.svg",
                     *kReliability = "reliability.svg", *kCertainty = "certainty.svg", *kConfusion = "confusion.svg",
                     *kMistakes = "mistakes.svg";

std::string predictions_text(const ReportInput& input, data::PredictionTable table) {
  for (const int64_t index : input.all.index) table.ids.push_back(input.dataset.id(index));
  return data::predictions_csv(table);
}

// `rows`: the row in input.all of each sample of `result`.
std::string mistakes_sheet(const ReportInput& input, const metrics::ClassificationResult& result,
                           const std::vector<int64_t>& rows) {
  draw::PictureSheet sheet{.title = "The most certain mistakes",
                           .subtitle = printable(input.subject, 90),
                           .description = "The wrong samples with the largest class probabilities, as the network sees them.",
                           .pictures = {},
                           .without = "No sample is wrong."};
  for (const int64_t i : metrics::certain_mistakes(result.all)) {
    const auto sample = static_cast<size_t>(i);
    const int64_t index = input.all.index[static_cast<size_t>(rows[sample])];
    const auto image = data::sample_image(input.dataset, index);
    if (!image) {
      sheet.without = "The samples are no images; report.md lists them.";
      break;
    }
    const auto name = [&](int64_t label) { return printable(result.names[static_cast<size_t>(label)], 40); };
    sheet.pictures.push_back(
        {data::encode_png(*image),
         image->height,
         image->width,
         {fmt::format("true: {}", name(result.all.truth[sample])),
          fmt::format("{:.4f} {}", result.all.certainty(i), name(result.all.predicted(i))), printable(result.ids[sample])}});
  }
  return draw::draw_picture_sheet(sheet).svg();
}

}  // namespace

std::vector<std::string> classification_report_files() {
  return {kNumbers, kTables, kRows, kRoc, kReliability, kCertainty, kConfusion, kMistakes};
}

std::vector<ReportFile> classification_report(const ReportInput& input, data::PredictionTable table) {
  std::vector<int64_t> rows;
  metrics::ClassificationResult result{
      input.dataset.spec().class_names, {}, metrics::classified(input.all.prediction, input.all.target, &rows)};
  if (rows.empty()) throw Error(ExitCode::bad_data, "--report: no sample has a label", "Give samples with labels.");
  for (const int64_t row : rows) result.ids.push_back(input.dataset.id(input.all.index[static_cast<size_t>(row)]));
  nlohmann::json report = input.metrics;
  report.update(metrics::classification_tables(result));
  return {{kNumbers, json_text(report, 2) + "\n"},
          {kTables, metrics::classification_markdown(report, input.subject)},
          {kRows, predictions_text(input, std::move(table))},
          {kRoc, metrics::roc_figure(result.all, result.names, input.subject).svg()},
          {kReliability, metrics::reliability_figure(result.all, input.subject).svg()},
          {kCertainty, metrics::certainty_figure(result.all, input.subject).svg()},
          {kConfusion, metrics::confusion_figure(result.all, result.names, input.subject).svg()},
          {kMistakes, mistakes_sheet(input, result, rows)}};
}

}  // namespace hpcai::tasks
