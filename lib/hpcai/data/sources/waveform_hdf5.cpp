#include "hpcai/data/sources/waveform_hdf5.h"

#include <fmt/format.h>

#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/sha256.h"
#include "hpcai/data/file_pattern.h"
#include "hpcai/data/hdf5/hdf5_failure.h"
#include "hpcai/data/hdf5/hdf5_file.h"
#include "hpcai/data/hdf5/hdf5_trial.h"
#include "hpcai/data/hdf5/hdf5_written.h"
#include "hpcai/data/shards.h"
#include "hpcai/data/sources/need_labels.h"
#include "hpcai/data/waveform_dataset.h"
#include "hpcai/data/wrappers/cached.h"
#include "hpcai/data/wrappers/concatenation.h"
#include "hpcai/simulate/waveform.h"

namespace hpcai::data {
namespace {

class WaveformFile : public WaveformDataset {
 public:
  WaveformFile(Hdf5Array data, std::vector<Label> labels, const simulate::TimeGrid& grid)
      : WaveformDataset(std::move(labels), grid), data_(std::move(data)) {}

  std::string id(int64_t index) const override { return std::to_string(index); }
  std::string where(int64_t index) const override { return data_.where(index); }
  void hash_content(int64_t index, Sha256& hash) const override {
    std::vector<float> stored(static_cast<size_t>(data_.row_size()));
    data_.read_row(index, stored.data());
    hash.update(stored.data(), stored.size() * sizeof(float));
  }

 private:
  void make_waveform(int64_t index, float* out) const override {
    data_.read_row(index, out);
    if (is_unwritten(data_, out)) refuse_unwritten(data_, index);
  }

  std::string describe_value(int64_t index, int64_t at, float value) const override {
    std::vector<double> stored(static_cast<size_t>(length()));
    data_.read_row(index, stored.data());
    const double exact = stored[static_cast<size_t>(at)];
    if (!std::isfinite(exact)) return WaveformDataset::describe_value(index, at, value);
    return fmt::format("{:g}, which does not fit into float32", exact);
  }

  Hdf5Array data_;
};

void check_label(const Hdf5Array& labels, int64_t row, const std::array<double, 3>& label) {
  const auto [q, s1, s2] = label;
  const bool finite = std::isfinite(q) && std::isfinite(s1) && std::isfinite(s2);
  if (finite && q >= 1 - 1e-6 && std::abs(s1) <= 1 && std::abs(s2) <= 1) return;
  if (q == labels.fill_value() && s1 == q && s2 == q) refuse_unwritten(labels, row);
  throw Error(
      ExitCode::bad_data,
      fmt::format("{}: q, s1, s2 = {:g}, {:g}, {:g}; expected q >= 1 and spins within -1 and 1", labels.where(row), q, s1, s2),
      "Columns are q, s1, s2 in this order; remove the row or make the file again.");
}

std::vector<std::array<double, 3>> read_labels(const Hdf5Array& labels) {
  const std::vector<double> values = labels.read_all();
  std::vector<std::array<double, 3>> rows(static_cast<size_t>(labels.rows()));
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i] = {values[3 * i], values[3 * i + 1], values[3 * i + 2]};
    check_label(labels, static_cast<int64_t>(i), rows[i]);
  }
  return rows;
}

std::vector<std::array<double, 3>> checked_labels(const Hdf5File& file, int64_t rows) {
  const Hdf5Array labels = file.array("labels", 2);
  if (labels.shape()[1] != 3) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {} columns, expected 3 (q, s1, s2)", labels.where(), labels.shape()[1]),
                kLayoutRemedy);
  }
  if (rows != labels.rows()) {
    throw Error(ExitCode::bad_data, fmt::format("{}: data has {} rows but labels has {}", file.name(), rows, labels.rows()),
                "Every waveform needs its label, row by row; make the file again.");
  }
  return read_labels(labels);
}

// Parameters that nobody knows, of a file for a trained network.
std::vector<std::array<double, 3>> unknown_labels(int64_t rows) {
  return std::vector<std::array<double, 3>>(static_cast<size_t>(rows), {kUnknownTarget, kUnknownTarget, kUnknownTarget});
}

// Where labels are optional, the parameters are unknown without usable ones.
std::vector<std::array<double, 3>> labels_of(const Hdf5File& file, int64_t rows, LabelUse use) {
  if (use != LabelUse::for_training && !file.has("labels")) {
    if (use == LabelUse::optional) return unknown_labels(rows);
    refuse_data(file.name(), "has no data set labels", "To evaluate, give a file with labels; predict needs none.");
  }
  try {
    return checked_labels(file, rows);
  } catch (const Error& error) {
    if (use != LabelUse::optional) throw;
    log::shared_warning("no label is read: {}", error.what());
    return unknown_labels(rows);
  }
}

struct Contents {
  Hdf5Array data;
  std::vector<std::array<double, 3>> labels;
};

// All that is done with an untrusted file before its waveforms are read. It logs nothing unless labels are optional.
Contents look_into(const std::string& name, const simulate::TimeGrid& grid, LabelUse use) {
  const Hdf5File file(name);
  const Hdf5Array data = file.array("data", 2);
  if (data.type() == ElementType::uint8 || data.type() == ElementType::other_integer) {
    refuse_data(data.where(), fmt::format("its values are {}, expected floats", data.type_name()), kLayoutRemedy);
  }
  const int64_t length = grid.size();
  if (data.shape()[1] != length) {
    throw Error(
        ExitCode::bad_data,
        fmt::format("{}: {} samples a waveform, but data.t_min, t_max and t_step make {}", data.where(), data.shape()[1], length),
        "Set these three keys to the times of the file's samples.");
  }
  refuse_unwritten_rows(data);
  return {data, labels_of(file, data.rows(), use)};
}

std::unique_ptr<Dataset> open_file(const std::string& name, const simulate::TimeGrid& grid, LabelUse use) {
  try_in_child(name, [&] { look_into(name, grid, LabelUse::for_training); });
  Contents contents = look_into(name, grid, use);
  return std::make_unique<WaveformFile>(contents.data, std::move(contents.labels), grid);
}

// The file, or all whose names fit a pattern.
std::unique_ptr<Dataset> open_files(const std::string& pattern, const simulate::TimeGrid& grid, LabelUse use) {
  std::vector<std::unique_ptr<Dataset>> parts;
  const std::vector<std::string> names = files_of(pattern);
  refuse_missing_shards(names);
  for (const std::string& name : names) parts.push_back(open_file(name, grid, use));
  return joined(std::move(parts));
}

std::unique_ptr<Dataset> open_cached(const std::string& pattern, const WaveformHdf5Config& config, LabelUse use) {
  return cached(open_files(pattern, {config.t_min, config.t_max, config.t_step}, use), config.cache_mb);
}

}  // namespace

std::optional<SampleSpec> source_spec(const WaveformHdf5Config& config) {
  const simulate::TimeGrid grid{config.t_min, config.t_max, config.t_step};
  simulate::check(grid);
  return waveform_spec(grid);
}

Splits open_source(const WaveformHdf5Config& config, const OpenOptions&) {
  auto open = [&](const std::string& pattern) { return open_cached(pattern, config, LabelUse::for_training); };
  Splits splits;
  splits.train = open(config.train);
  if (!config.validation.empty()) splits.validation = open(config.validation);
  if (!config.test.empty()) splits.test = open(config.test);
  return splits;
}

std::unique_ptr<Dataset> open_source_split(const WaveformHdf5Config& config, Split split, const NetworkUse& use) {
  const std::string& name = split == Split::train ? config.train : split == Split::validation ? config.validation : config.test;
  if (name.empty()) return nullptr;
  return open_cached(name, config, network_labels(use.labels_optional));
}

std::unique_ptr<Dataset> open_source_input(const WaveformHdf5Config& config, const std::filesystem::path& input,
                                           const NetworkUse& use) {
  return open_waveform_input(input, {config.t_min, config.t_max, config.t_step}, use);
}

std::unique_ptr<Dataset> open_waveform_input(const std::filesystem::path& input, const simulate::TimeGrid& grid,
                                             const NetworkUse& use) {
  return open_files(input.string(), grid, network_labels(use.labels_optional));
}

}  // namespace hpcai::data
