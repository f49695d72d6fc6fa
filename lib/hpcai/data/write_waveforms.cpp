#include "hpcai/data/write_waveforms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <span>
#include <vector>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/room.h"
#include "hpcai/core/text.h"
#include "hpcai/core/version.h"
#include "hpcai/data/hdf5/hdf5_file.h"
#include "hpcai/data/hdf5/hdf5_trial.h"
#include "hpcai/data/hdf5/hdf5_writer.h"

namespace hpcai::data {
namespace {

namespace fs = std::filesystem;
using simulate::Binary;

constexpr double kShardBytes = 4e9;  // of the largest file, unless the user gives a number of shards
constexpr const char* kGenerator = "hpcai-train generate waveforms";

// A set of files, of which each holds a run of the binaries.
struct Job {
  fs::path path;
  WaveformFileSettings settings;  // with the number of shards
  std::vector<Binary> points;

  int64_t total() const { return static_cast<int64_t>(points.size()); }
  int64_t first_row(int64_t shard) const {  // the first shards have one row more than the last
    const int64_t rest = total() % settings.shards;
    return shard * (total() / settings.shards) + std::min(shard, rest);
  }
  std::span<const Binary> rows(int64_t shard) const {
    const int64_t first = first_row(shard);
    return std::span(points).subspan(static_cast<size_t>(first), static_cast<size_t>(first_row(shard + 1) - first));
  }
  fs::path file(int64_t shard) const { return shard_path(path, shard, settings.shards); }
};

std::vector<NewArray> arrays_of(const WaveformFileSettings& settings, int64_t rows) {
  const bool wide = settings.precision == WaveformPrecision::float64;
  return {{"data", {rows, settings.grid.size()}, wide ? ElementType::float64 : ElementType::float32},
          {"labels", {rows, 3}, ElementType::float64}};
}

int64_t number_of_shards(const WaveformFileSettings& settings, int64_t total) {
  if (settings.shards > total) {
    throw Error(ExitCode::usage, fmt::format("generate waveforms: {} shards for {} waveforms", settings.shards, total),
                "Give fewer --shards.");
  }
  if (settings.shards > 0) return settings.shards;
  const double bytes = hdf5_file_bytes(arrays_of(settings, total));
  return std::clamp(static_cast<int64_t>(std::ceil(bytes / kShardBytes)), int64_t{1}, std::min(total, kMostShards));
}

std::vector<NamedAttribute> attributes_of(const Job& job, int64_t shard) {
  const WaveformFileSettings& settings = job.settings;
  std::vector<NamedAttribute> attributes = {
      {"generator", kGenerator},
      {"version", std::string(kVersion)},
      {"model", "IMRPhenomD"},
      {"quantity", "Re h22, r h22 / M"},
      {"t_min", settings.grid.start},
      {"t_max", settings.grid.stop},
      {"t_step", settings.grid.step},
      {"phase_reference", config::name_of(settings.phase_reference)},
      {"label_names", std::vector<std::string>{simulate::kBinaryParameters.begin(), simulate::kBinaryParameters.end()}},
      {"settings", config::to_yaml(settings)},
      {"first_row", job.first_row(shard)},
      {"rows_of_all_files", job.total()},
  };
  const WaveformSetConfig& set = settings.set;
  if (!set.parameters.empty()) {
    attributes.push_back({"parameters", set.parameters});
    return attributes;
  }
  attributes.push_back({"mass_ratio", set.mass_ratio});
  attributes.push_back({"spin1", set.spin1});
  attributes.push_back({"spin2", set.spin2});
  if (set.count > 0) attributes.push_back({"seed", settings.seed});
  return attributes;
}

[[noreturn]] void refuse_other_set(const std::string& what) {
  throw Error(ExitCode::cannot_resume, what,
              "Give the settings of the files that are there, another --out, or remove the files of the earlier set.");
}

std::string only(const std::vector<std::string>& texts) { return texts.size() == 1 ? texts.front() : ""; }

// The settings that a file of this set was made with. Throws Error{cannot_resume} if they are not settings.
WaveformFileSettings settings_of(const Hdf5File& file, const std::string& name) {
  try {
    return config::parse<WaveformFileSettings>(only(file.texts("settings")), name + ", attribute settings");
  } catch (const Error& error) {
    refuse_other_set(error.what());
  }
}

// Throws Error{cannot_resume} unless the file is what this job would write as this shard. Waveforms are not read: a file has its
// name only when it is whole. The labels are read if `labels_too`.
void check_kept(const Job& job, int64_t shard, bool labels_too) {
  const std::string name = job.file(shard).string();
  const Hdf5File file(name);
  if (only(file.texts("generator")) != kGenerator) refuse_other_set(printable(name) + ": not a file of " + kGenerator);
  if (const std::string version = only(file.texts("version")); version != kVersion) {
    refuse_other_set(fmt::format("{}: made by version {}, this is {}", printable(name), printable(version), kVersion));
  }
  if (const auto differences = config::differences(settings_of(file, name), job.settings); !differences.empty()) {
    std::vector<std::string> texts;
    for (const auto& [key, before, now] : differences) texts.push_back(fmt::format("{}: {} there, {} here", key, before, now));
    refuse_other_set(fmt::format("{}: made with other settings: {}", printable(name), fmt::join(texts, "; ")));
  }
  const auto rows = job.rows(shard);
  const auto count = static_cast<int64_t>(rows.size());
  const Hdf5Array data = file.array("data", 2), labels = file.array("labels", 2);
  if (data.shape() != std::vector{count, job.settings.grid.size()} || labels.shape() != std::vector<int64_t>{count, 3}) {
    refuse_other_set(printable(name) + ": its data sets have other shapes");
  }
  if (!labels_too) return;
  const std::vector<double> values = labels.read_all();
  for (size_t i = 0; i < rows.size(); ++i) {
    const Binary& expected = rows[i];
    const double* label = &values[3 * i];
    if (label[0] == expected.mass_ratio && label[1] == expected.spin1 && label[2] == expected.spin2) continue;
    refuse_other_set(fmt::format("{}: row {} is the waveform of another binary", printable(name), i));
  }
}

bool is_of(const WorkShare& share, int64_t shard) { return shard % share.ranks == share.rank; }

// The shards that have to be made. All that are there are checked, because the ranks need not meet; each rank reads the labels of
// its own. A set in one file is made anew.
std::vector<int64_t> missing_shards(const Job& job, const WorkShare& share) {
  std::vector<int64_t> missing;
  const int64_t count = job.settings.shards;
  if (const auto others = other_shard_counts(job.path, count); !others.empty()) {
    refuse_other_set(fmt::format("{}: a set of {} files of this name is there already, this one would have {}",
                                 printable(job.path), fmt::join(others, " and of "), count));
  }
  if (count == 1) return {0};
  std::error_code code;
  if (fs::exists(job.path, code)) {
    refuse_other_set(
        fmt::format("{}: a set in this one file is there already, this one would have {} files", printable(job.path), count));
  }
  for (int64_t shard = 0; shard < count; ++shard) {
    if (!fs::exists(job.file(shard), code)) {
      missing.push_back(shard);
      continue;
    }
    const bool own = is_of(share, shard);
    try_in_child(job.file(shard).string(), [&] { check_kept(job, shard, own); });
    check_kept(job, shard, own);
  }
  return missing;
}

void require_room_for(const Job& job, const std::vector<int64_t>& shards) {
  double bytes = 0;
  for (const int64_t shard : shards) {
    bytes += hdf5_file_bytes(arrays_of(job.settings, static_cast<int64_t>(job.rows(shard).size())));
  }
  require_room(
      job.path, job.path.has_parent_path() ? job.path.parent_path() : fs::path("."), bytes,
      "Write float32 (--dtype float32) or fewer and shorter waveforms, free some space, choose another place with --out, or "
      "write no file: a training with data.type simulated_waveforms makes its waveforms while it runs.");
}

void write_row(Hdf5Writer& writer, int64_t row, const Binary& binary, const WaveformFileSettings& settings) {
  const std::vector<double> strain = simulate::real_h22(binary, settings.grid, settings.phase_reference);
  if (settings.precision == WaveformPrecision::float64) {
    writer.write_row(0, row, strain.data());
  } else {
    const std::vector<float> values(strain.begin(), strain.end());
    writer.write_row(0, row, values.data());
  }
  const std::array<double, 3> label{binary.mass_ratio, binary.spin1, binary.spin2};
  writer.write_row(1, row, label.data());
}

void write_shard(const Job& job, int64_t shard, int threads, const Progress& progress) {
  const auto rows = job.rows(shard);
  const auto count = static_cast<int64_t>(rows.size());
  Hdf5Writer writer(job.file(shard), arrays_of(job.settings, count), attributes_of(job, shard));
  for_each_with_progress(progress, count, threads,
                         [&](int64_t row) { write_row(writer, row, rows[static_cast<size_t>(row)], job.settings); });
  writer.finish();
}

}  // namespace

WaveformsWritten write_waveforms(const fs::path& path, const WaveformFileSettings& settings, int threads,
                                 const Progress& progress, const WorkShare& share) {
  simulate::check(settings.grid);
  simulate::check_step(settings.grid);
  Job job{path, settings, binaries(settings.set, static_cast<uint64_t>(settings.seed), 0, "generate waveforms")};
  job.settings.shards = number_of_shards(settings, job.total());
  std::vector<int64_t> missing = missing_shards(job, share);
  require_room_for(job, missing);
  std::erase_if(missing, [&](int64_t shard) { return !is_of(share, shard); });

  int64_t mine = 0, rows_to_make = 0;
  for (int64_t shard = share.rank; shard < job.settings.shards; shard += share.ranks, ++mine) remove_abandoned(job.file(shard));
  for (const int64_t shard : missing) rows_to_make += static_cast<int64_t>(job.rows(shard).size());
  WaveformsWritten written{0, mine - static_cast<int64_t>(missing.size()), job.settings.shards, job.total()};
  for (const int64_t shard : missing) {
    const auto of_all = [&](int64_t done, int64_t) { progress(written.waveforms + done, rows_to_make); };
    write_shard(job, shard, threads, progress ? Progress(of_all) : nullptr);
    written.waveforms += static_cast<int64_t>(job.rows(shard).size());
  }
  return written;
}

}  // namespace hpcai::data
