#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "hpcai/simulate/waveform.h"

namespace hpcai::metrics {

// The predictions of a regression of waveforms, sample by sample; the vectors have the same length, at least 1.
struct WaveformQuality {
  std::vector<std::string> ids;
  std::vector<simulate::Binary> truth, prediction;
  std::vector<double> overlap;
};

// {"quantiles": {"0.1 %", "1 %", "5 %", "50 %"}, the overlap that so many samples do not reach;
//  "overlap_by": {"q", "s1", "s2", "chi_eff"}: a list of bins of the true value, each {"from", "to", "samples", "median", "p01"};
//  "errors": {"q", "s1", "s2", "chi_eff"}: of prediction - truth {"bias" (mean), "median_absolute", "p90_absolute"};
//  "worst": the ten samples of the smallest overlap {"id", "overlap", "true": {...}, "predicted": {...}}}.
nlohmann::json waveform_report(const WaveformQuality& quality);

// The tables of waveform_report() as Markdown. `subject` names model and data.
std::string report_markdown(const nlohmann::json& report, const std::string& subject);

// One row for each sample: id, true and predicted q, s1, s2, chi_eff, and the overlap. The numbers restore their values exactly.
std::string report_csv(const WaveformQuality& quality);

// SVG: the mismatch 1 - overlap against the true q, s1, s2 and chi_eff. Mismatches below 1e-12 are drawn there.
std::string mismatch_figure(const WaveformQuality& quality, const std::string& subject);
// SVG: Re h22 of the ten worst samples, true and regenerated, on `grid`.
std::string worst_figure(const WaveformQuality& quality, const simulate::TimeGrid& grid, const std::string& subject);

}  // namespace hpcai::metrics
