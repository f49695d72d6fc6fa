#include <fmt/format.h>

#include <cmath>

#include "hpcai/core/error.h"
#include "hpcai/data/hdf5/hdf5_failure.h"
#include "hpcai/data/hdf5/hdf5_file.h"
#include "hpcai/data/hdf5/hdf5_trial.h"
#include "hpcai/data/hdf5/hdf5_written.h"
#include "hpcai/data/sources.h"
#include "hpcai/data/waveform_dataset.h"
#include "hpcai/simulate/waveform.h"

namespace hpcai::data {
namespace {

class WaveformFile : public WaveformDataset {
 public:
  WaveformFile(Hdf5Array data, std::vector<Label> labels, int64_t cache_mb)
      : WaveformDataset(std::move(labels), data.shape()[1], cache_mb), data_(std::move(data)) {}

  std::string id(int64_t index) const override { return std::to_string(index); }
  std::string where(int64_t index) const override { return data_.where(index); }

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

struct Contents {
  Hdf5Array data;
  std::vector<std::array<double, 3>> labels;
};

// All that is done with an untrusted file before its waveforms are read.
Contents look_into(const std::string& name, const WaveformHdf5Config& config) {
  const Hdf5File file(name);
  const Hdf5Array data = file.array("data", 2), labels = file.array("labels", 2);
  if (data.type() == ElementType::uint8 || data.type() == ElementType::other_integer) {
    refuse_data(data.where(), fmt::format("its values are {}, expected floats", data.type_name()), kLayoutRemedy);
  }
  if (labels.shape()[1] != 3) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {} columns, expected 3 (q, s1, s2)", labels.where(), labels.shape()[1]),
                kLayoutRemedy);
  }
  if (data.rows() != labels.rows()) {
    throw Error(ExitCode::bad_data, fmt::format("{}: data has {} rows but labels has {}", name, data.rows(), labels.rows()),
                "Every waveform needs its label, row by row; make the file again.");
  }
  const int64_t length = simulate::TimeGrid{config.t_min, config.t_max, config.t_step}.size();
  if (data.shape()[1] != length) {
    throw Error(
        ExitCode::bad_data,
        fmt::format("{}: {} samples a waveform, but data.t_min, t_max and t_step make {}", data.where(), data.shape()[1], length),
        "Set these three keys to the times of the file's samples.");
  }
  refuse_unwritten_rows(data);
  return {data, read_labels(labels)};
}

std::unique_ptr<WaveformFile> open_file(const std::string& name, const WaveformHdf5Config& config) {
  if (name.empty()) return nullptr;
  try_in_child(name, [&] { look_into(name, config); });
  Contents contents = look_into(name, config);
  return std::make_unique<WaveformFile>(contents.data, std::move(contents.labels), config.cache_mb);
}

}  // namespace

Splits open_source(const WaveformHdf5Config& config, const OpenOptions&) {
  Splits splits;
  splits.train = open_file(config.train, config);
  splits.validation = open_file(config.validation, config);
  splits.test = open_file(config.test, config);
  return splits;
}

}  // namespace hpcai::data
