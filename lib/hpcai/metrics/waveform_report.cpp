#include "hpcai/metrics/waveform_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numeric>

#include "hpcai/draw/scatter_sheet.h"
#include "hpcai/draw/waveform_sheet.h"
#include "hpcai/metrics/overlap.h"
#include "hpcai/simulate/binary_coordinates.h"

namespace hpcai::metrics {
namespace {

using simulate::Binary;

constexpr size_t kWorst = 10;
constexpr size_t kBins = 8;
constexpr double kLeastMismatch = 1e-12;  // in figures
constexpr int64_t kColumns = 2;

struct Quantity {
  std::string_view name;
  double (*of)(const Binary&);
  double low, high;  // of the bins
};
constexpr std::array kQuantities = {
    Quantity{"q", [](const Binary& b) { return b.mass_ratio; }, 1, simulate::kMaxMassRatio},
    Quantity{"s1", [](const Binary& b) { return b.spin1; }, -simulate::kMaxSpin, simulate::kMaxSpin},
    Quantity{"s2", [](const Binary& b) { return b.spin2; }, -simulate::kMaxSpin, simulate::kMaxSpin},
    Quantity{"chi_eff", [](const Binary& b) { return simulate::coordinates(b).effective_spin; }, -simulate::kMaxSpin,
             simulate::kMaxSpin}};

constexpr std::array<std::pair<const char*, double>, 4> kQuantiles = {
    {{"0.1 %", 0.001}, {"1 %", 0.01}, {"5 %", 0.05}, {"50 %", 0.5}}};

std::vector<double> sorted(std::vector<double> values) {
  std::ranges::sort(values);
  return values;
}

nlohmann::json bins_of(const WaveformQuality& quality, const Quantity& quantity) {
  std::array<std::vector<double>, kBins> overlaps;
  const double width = (quantity.high - quantity.low) / static_cast<double>(kBins);
  for (size_t i = 0; i < quality.truth.size(); ++i) {
    const double at = std::clamp((quantity.of(quality.truth[i]) - quantity.low) / width, 0.0, static_cast<double>(kBins - 1));
    overlaps[static_cast<size_t>(at)].push_back(quality.overlap[i]);
  }
  auto bins = nlohmann::json::array();
  for (size_t b = 0; b < kBins; ++b) {
    const double from = quantity.low + static_cast<double>(b) * width;
    nlohmann::json bin = {{"from", from}, {"to", from + width}, {"samples", overlaps[b].size()}};
    const auto values = sorted(std::move(overlaps[b]));
    bin["median"] = values.empty() ? nlohmann::json() : nlohmann::json(quantile(values, 0.5));
    bin["p01"] = values.empty() ? nlohmann::json() : nlohmann::json(quantile(values, 0.01));
    bins.push_back(std::move(bin));
  }
  return bins;
}

nlohmann::json errors_of(const WaveformQuality& quality, const Quantity& quantity) {
  std::vector<double> size;
  double sum = 0;
  for (size_t i = 0; i < quality.truth.size(); ++i) {
    const double error = quantity.of(quality.prediction[i]) - quantity.of(quality.truth[i]);
    if (!std::isfinite(error)) continue;
    sum += error;
    size.push_back(std::abs(error));
  }
  if (size.empty()) return {{"bias", nullptr}, {"median_absolute", nullptr}, {"p90_absolute", nullptr}};
  std::ranges::sort(size);
  return {{"bias", sum / static_cast<double>(size.size())},
          {"median_absolute", quantile(size, 0.5)},
          {"p90_absolute", quantile(size, 0.9)}};
}

nlohmann::json values_of(const Binary& binary) {
  nlohmann::json values;
  for (const Quantity& quantity : kQuantities) values[std::string(quantity.name)] = quantity.of(binary);
  return values;
}

// The indices of the worst samples, the worst first.
std::vector<size_t> worst(const WaveformQuality& quality) {
  std::vector<size_t> order(quality.overlap.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t i) { return quality.overlap[i]; });
  order.resize(std::min(order.size(), kWorst));
  return order;
}

std::string number(const nlohmann::json& value, int digits) {
  return value.is_number() ? fmt::format("{:.{}f}", value.get<double>(), digits) : "-";
}

void append_line(std::string& text, const std::string& line) { text.append(line).append(1, '\n'); }

}  // namespace

nlohmann::json waveform_report(const WaveformQuality& quality) {
  nlohmann::json report;
  report["samples"] = quality.overlap.size();
  const std::vector<double> overlaps = sorted(quality.overlap);
  for (const auto& [name, at] : kQuantiles) report["quantiles"][name] = quantile(overlaps, at);
  for (const Quantity& quantity : kQuantities) {
    report["overlap_by"][std::string(quantity.name)] = bins_of(quality, quantity);
    report["errors"][std::string(quantity.name)] = errors_of(quality, quantity);
  }
  report["worst"] = nlohmann::json::array();
  for (const size_t i : worst(quality)) {
    report["worst"].push_back({{"id", quality.ids[i]},
                               {"overlap", quality.overlap[i]},
                               {"true", values_of(quality.truth[i])},
                               {"predicted", values_of(quality.prediction[i])}});
  }
  return report;
}

std::string report_markdown(const nlohmann::json& report, const std::string& subject) {
  std::string text = fmt::format(
      "# {}\n\n{} waveforms. The overlap is that of the true waveform and of the one regenerated from "
      "the prediction.\n\n",
      subject, report.at("samples").get<int64_t>());
  append_line(text, "| Samples below | Overlap |\n|---|---|");
  for (const auto& [name, at] : kQuantiles) {
    append_line(text, fmt::format("| {} | {} |", name, number(report.at("quantiles").at(name), 6)));
  }
  append_line(text, "\n| Parameter | Bias | Median error | 90 % of errors below |\n|---|---|---|---|");
  for (const Quantity& quantity : kQuantities) {
    const auto& errors = report.at("errors").at(std::string(quantity.name));
    append_line(text, fmt::format("| {} | {} | {} | {} |", quantity.name, number(errors.at("bias"), 5),
                                  number(errors.at("median_absolute"), 5), number(errors.at("p90_absolute"), 5)));
  }
  for (const Quantity& quantity : kQuantities) {
    append_line(text, fmt::format("\n| True {} | Samples | Median overlap | 1 % below |\n|---|---|---|---|", quantity.name));
    for (const auto& bin : report.at("overlap_by").at(std::string(quantity.name))) {
      append_line(text, fmt::format("| {} to {} | {} | {} | {} |", number(bin.at("from"), 3), number(bin.at("to"), 3),
                                    bin.at("samples").get<int64_t>(), number(bin.at("median"), 6), number(bin.at("p01"), 6)));
    }
  }
  append_line(text, "\n| Worst samples | Overlap | True q, s1, s2 | Predicted q, s1, s2 |\n|---|---|---|---|");
  const auto three = [](const nlohmann::json& of) {
    return fmt::format("{}, {}, {}", number(of.at("q"), 3), number(of.at("s1"), 3), number(of.at("s2"), 3));
  };
  for (const auto& sample : report.at("worst")) {
    append_line(text, fmt::format("| {} | {} | {} | {} |", sample.at("id").get<std::string>(), number(sample.at("overlap"), 6),
                                  three(sample.at("true")), three(sample.at("predicted"))));
  }
  return text;
}

std::string report_csv(const WaveformQuality& quality) {
  std::string text = "id";
  for (const char* prefix : {"true_", ""}) {
    for (const Quantity& quantity : kQuantities) text.append(1, ',').append(prefix).append(quantity.name);
  }
  append_line(text, ",overlap");
  for (size_t i = 0; i < quality.truth.size(); ++i) {
    text += quality.ids[i];
    for (const Binary* binary : {&quality.truth[i], &quality.prediction[i]}) {
      for (const Quantity& quantity : kQuantities) fmt::format_to(std::back_inserter(text), ",{}", quantity.of(*binary));
    }
    append_line(text, fmt::format(",{}", quality.overlap[i]));
  }
  return text;
}

std::string mismatch_figure(const WaveformQuality& quality, const std::string& subject) {
  std::vector<draw::ScatterPanel> panels;
  for (const Quantity& quantity : kQuantities) {
    draw::ScatterPanel panel{.x_title = fmt::format("true {}", quantity.name), .x = {}, .y = {}};
    for (size_t i = 0; i < quality.truth.size(); ++i) {
      panel.x.push_back(quantity.of(quality.truth[i]));
      panel.y.push_back(std::max(kLeastMismatch, 1 - quality.overlap[i]));
    }
    panels.push_back(std::move(panel));
  }
  return draw::scatter_sheet_svg(panels, kColumns, subject, "1 - overlap");
}

std::string worst_figure(const WaveformQuality& quality, const simulate::TimeGrid& grid, const std::string& subject) {
  std::vector<draw::WaveformPanel> panels;
  for (const size_t i : worst(quality)) {
    const Binary &truth = quality.truth[i], &predicted = quality.prediction[i];
    const bool finite = std::isfinite(predicted.mass_ratio + predicted.spin1 + predicted.spin2);
    const Binary nearest = finite ? simulate::nearest_valid(predicted) : Binary{};
    draw::WaveformPanel panel;
    panel.title = fmt::format("{}: overlap {:.5f}; q {:.2f}, s1 {:.2f}, s2 {:.2f}", quality.ids[i], quality.overlap[i],
                              truth.mass_ratio, truth.spin1, truth.spin2);
    const auto wave = simulate::h22(truth, grid), found = simulate::h22(nearest, grid);
    for (size_t k = 0; k < wave.size(); ++k) {
      panel.time.push_back(grid.time(static_cast<int64_t>(k)));
      panel.real.push_back(wave[k].real());
      panel.amplitude.push_back(std::abs(wave[k]));
      panel.other.push_back(found[k].real());
    }
    panels.push_back(std::move(panel));
  }
  return draw::waveform_sheet_svg(panels, kColumns, fmt::format("{}: true (blue), regenerated (red)", subject));
}

}  // namespace hpcai::metrics
