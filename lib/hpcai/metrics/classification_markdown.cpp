#include <fmt/format.h>

#include "hpcai/core/text.h"
#include "hpcai/metrics/classification_quality.h"
#include "hpcai/metrics/classification_report.h"

namespace hpcai::metrics {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostConfused = 20;  // classes of a confusion matrix in Markdown

// A name of any origin in a cell of a table.
std::string cell_text(const std::string& name) {
  std::string text;
  for (const char c : printable(name, 60)) text.append(c == '|' ? "\\|" : std::string(1, c));
  return text;
}

std::string cell_number(const Json& value, int digits = 4) {
  return value.is_number() ? fmt::format("{:.{}f}", value.get<double>(), digits) : "-";
}

// "0.9333 (0.8989 to 0.9588)"
std::string with_interval(const Json& values, const std::string& key) {
  if (!values.at(key).is_number()) return "-";
  return fmt::format("{} ({} to {})", cell_number(values.at(key)), cell_number(values.at(key + "_low")),
                     cell_number(values.at(key + "_high")));
}

void add_row(std::string& text, const std::vector<std::string>& cells) {
  for (const std::string& cell : cells) text += fmt::format("| {} ", cell);
  text += "|\n";
}

void start_table(std::string& text, const std::vector<std::string>& titles) {
  text += '\n';
  add_row(text, titles);
  add_row(text, std::vector<std::string>(titles.size(), "---"));
}

std::string count_text(const Json& value) { return std::to_string(value.get<int64_t>()); }

void add_summary(std::string& text, const Json& report) {
  start_table(text, {"", "value"});
  add_row(text, {"samples", count_text(report.at("samples"))});
  add_row(text, {"accuracy", with_interval(report, "accuracy")});
  add_row(text, {"accuracy of the more certain half", cell_number(report.at("certain_half_accuracy"))});
  const bool two = report.at("classes").size() == 2;
  const std::string of = two ? " of " + cell_text(report.at("classes")[1].at("name")) : ", mean over the classes";
  for (const auto& [key, title] : {std::pair{"precision", "precision"}, {"recall", "recall"}, {"f1", "F1"}}) {
    add_row(text, {title + of, cell_number(report.at(two ? key : std::string("macro_") + key))});
  }
  add_row(text, {"area under the ROC curve" + of, cell_number(report.at(kRocAucKey))});
  add_row(text, {"average precision" + of, cell_number(report.at("average_precision"))});
  add_row(text, {"log loss", cell_number(report.at(kLogLossKey))});
  add_row(text, {"Brier score", cell_number(report.at("brier"))});
  add_row(text, {"expected calibration error (15 bins)", cell_number(report.at(kCalibrationErrorKey))});
  text += "\nIntervals are those of Clopper and Pearson at 95 %.\n";
}

void add_classes(std::string& text, const Json& classes) {
  start_table(text, {"Class", "Samples", "Predicted", "Precision", "Recall", "F1", "AUC", "Average precision"});
  for (const Json& c : classes) {
    add_row(text, {cell_text(c.at("name")), count_text(c.at("support")), count_text(c.at("predicted")),
                   with_interval(c, "precision"), with_interval(c, "recall"), cell_number(c.at("f1")),
                   cell_number(c.at(kRocAucKey)), cell_number(c.at("average_precision"))});
  }
}

void add_confusion(std::string& text, const Json& report) {
  const Json& classes = report.at("classes");
  if (classes.size() > kMostConfused) return;
  std::vector<std::string> titles = {"True class \\ predicted"};
  for (const Json& c : classes) titles.push_back(cell_text(c.at("name")));
  start_table(text, titles);
  for (size_t c = 0; c < classes.size(); ++c) {
    std::vector<std::string> cells = {titles[c + 1]};
    for (const Json& count : report.at("confusion")[c]) cells.push_back(count_text(count));
    add_row(text, cells);
  }
}

void add_certainty(std::string& text, const Json& report) {
  start_table(text, {"Most certain part", "Samples", "Accuracy", "Least certainty"});
  const auto add = [&](const std::string& part, const Json& row) {
    add_row(text,
            {part, count_text(row.at("samples")), with_interval(row, "accuracy"), cell_number(row.at("least_certainty"), 6)});
  };
  for (const Json& row : report.at("certainty")) add(fmt::format("{:.0f} %", 100 * row.at("part").get<double>()), row);
  if (report.contains("most_certain")) add("as many as asked for", report.at("most_certain"));
  text += "\nThe certainty of a sample is its largest class probability.\n";
}

void add_reliability(std::string& text, const Json& report) {
  start_table(text, {"Certainty", "Samples", "Mean certainty", "Accuracy"});
  for (const Json& bin : report.at("reliability")) {
    if (bin.at("samples") == 0) continue;
    add_row(text, {fmt::format("{} to {}", cell_number(bin.at("from"), 3), cell_number(bin.at("to"), 3)),
                   count_text(bin.at("samples")), cell_number(bin.at("certainty")), with_interval(bin, "accuracy")});
  }
  text +=
      "\nThe expected calibration error is the mean over the samples of the difference, without its sign, between accuracy and "
      "mean certainty of their bin.\n";
}

void add_temperature(std::string& text, const Json& report) {
  if (report.contains("calibration")) {
    const Json& used = report.at("calibration");
    std::vector<std::string> values;
    for (const Json& value : used.at("temperatures")) values.push_back(cell_number(value));
    text += fmt::format(
        "\nAll numbers of this page are of calibrated probabilities: the temperature is {}, fitted on the validation split "
        "(hpcai-train evaluate --calibrate). Without it the log loss is {} and the expected calibration error {}.\n",
        join_words(values, "and"), cell_number(used.at("log_loss_before")), cell_number(used.at("ece_before")));
  }
  const Json& fit = report.at("temperature");
  if (!fit.at("value").is_number()) {
    text +=
        "\nThese samples determine no temperature: no finite one above 0 has the least log loss (it is so if no sample is "
        "wrong).\n";
    return;
  }
  text += fmt::format(
      "\nThe temperature with the least log loss on these samples themselves is {}. It shows what a temperature can change, "
      "not what one that was fitted on other samples will: for that use --calibrate and --calibrated.\n",
      cell_number(fit.at("value")));
  start_table(text, {"", "Log loss", "Expected calibration error"});
  add_row(text, {"as it is", cell_number(fit.at("log_loss_before")), cell_number(fit.at("ece_before"))});
  add_row(text, {"with this temperature", cell_number(fit.at("log_loss_after")), cell_number(fit.at("ece_after"))});
}

void add_subsets(std::string& text, const Json& by) {
  std::vector<std::string> titles = {cell_text(by.at("column")), "Samples", "Accuracy", "AUC"};
  const Json& subsets = by.at("subsets");
  if (subsets.empty()) return;
  const Json& classes = subsets[0].at("classes");
  const bool counts = classes.size() <= kMostConfused;
  for (const Json& c : classes) {
    if (counts) titles.push_back(cell_text(c.at("name")));
  }
  text += fmt::format("\n## By {}\n", titles[0]);
  start_table(text, titles);
  for (const Json& subset : subsets) {
    std::vector<std::string> cells = {cell_text(subset.at("value")), count_text(subset.at("samples")),
                                      with_interval(subset, "accuracy"), cell_number(subset.at(kRocAucKey))};
    for (const Json& c : subset.at("classes")) {
      if (counts) cells.push_back(count_text(c.at("support")));
    }
    add_row(text, cells);
  }
}

void add_mistakes(std::string& text, const Json& mistakes) {
  if (mistakes.empty()) {
    text += "\nNo sample is wrong.\n";
    return;
  }
  start_table(text, {"Sample", "True class", "Predicted class", "Probability", "Of the true class"});
  for (const Json& m : mistakes) {
    add_row(text, {cell_text(m.at("id")), cell_text(m.at("true")), cell_text(m.at("predicted")),
                   cell_number(m.at("probability"), 6), cell_number(m.at("probability_of_true"), 6)});
  }
}

}  // namespace

std::string classification_markdown(const Json& report, const std::string& subject) {
  std::string text = fmt::format("# {}\n", printable(subject));
  add_summary(text, report);
  text += "\n## Classes\n";
  add_classes(text, report.at("classes"));
  add_confusion(text, report);
  if (report.contains("by")) add_subsets(text, report.at("by"));
  text += "\n## Accuracy against certainty\n";
  add_certainty(text, report);
  text += "\n## Are the probabilities right?\n";
  add_reliability(text, report);
  add_temperature(text, report);
  text += "\n## The most certain mistakes\n";
  add_mistakes(text, report.at("mistakes"));
  return text;
}

}  // namespace hpcai::metrics
