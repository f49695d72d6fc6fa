#include "hpcai/data/convert/convert_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/lock_file.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/text.h"
#include "hpcai/core/version.h"
#include "hpcai/data/class_targets.h"
#include "hpcai/data/convert/partial_hdf5.h"
#include "hpcai/data/fingerprint.h"
#include "hpcai/data/hdf5/hdf5_file.h"
#include "hpcai/data/hdf5/hdf5_trial.h"
#include "hpcai/data/open.h"
#include "hpcai/data/shards.h"
#include "hpcai/data/tables/csv_cell.h"

namespace hpcai::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPiece = 64;  // rows

struct ConvertedData {
  DataConfig data;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("data", data, {.help = "What is converted."});
  }
};

// The same images as bytes / 255, nothing random, nothing cached.
DataConfig as_bytes(DataConfig config) {
  std::visit(
      [](auto& source) {
    using Source = std::decay_t<decltype(source)>;
    if constexpr (requires { source.transform; }) {
      source.transform = {};
      source.transform.scaling = PixelScaling::unit;
    } else {
      throw Error(ExitCode::usage, fmt::format("convert: data of type {} are no images", Source::kType),
                  "Give a config whose data are images, such as type image_folder.");
    }
    source.disable_cache();
      },
      config);
  return config;
}

// [3, height, width] in 0 ... 1 -> bytes [height, width, 3].
void to_bytes(const std::vector<float>& input, std::vector<uint8_t>& bytes) {
  constexpr float kWhite = 255;
  const size_t pixels = input.size() / 3;
  bytes.resize(input.size());
  for (size_t c = 0; c < 3; ++c) {
    for (size_t i = 0; i < pixels; ++i) bytes[3 * i + c] = static_cast<uint8_t>(std::lround(input[c * pixels + i] * kWhite));
  }
}

// A part of one split, in one file.
struct Portion {
  const Dataset* data = nullptr;
  std::string group;
  int64_t first = 0, rows = 0;
  int64_t first_piece = 0;

  int64_t pieces() const { return (rows + kPiece - 1) / kPiece; }
};

// Converts to one file after the other.
class Conversion {
 public:
  Conversion(const DataConfig& config, const ConvertSettings& settings, const Progress& progress)
      : settings_(settings), progress_(progress), config_(as_bytes(config)), splits_(open(config_, settings.threads, false)) {
    for (const Split split : settings.splits) {
      if (const auto& data = splits_.of(split)) {
        chosen_.emplace_back(name_of(split), data.get());
        result_.images.emplace_back(name_of(split), data->size());
        total_ += data->size();
      }
    }
    check();
    identity_ = identity();
  }

  Converted run() {
    for (int64_t shard = 0; shard < settings_.shards; ++shard) {
      const fs::path path = shard_path(settings_.out, shard, settings_.shards);
      const auto portions = portions_of(shard);
      if (settings_.resume && path_exists(path, ExitCode::cannot_write)) {
        check_kept(path, shard);
        for (const Portion& portion : portions) result_.kept += portion.rows;
      } else {
        write(path, shard, portions);
      }
      result_.digests.emplace_back(path, write_digest(path));
    }
    return std::move(result_);
  }

 private:
  void check() const {
    if (chosen_.empty())
      throw Error(ExitCode::usage, "convert: the data have none of the splits that are asked for", "See --split.");
    for (const auto& [name, data] : chosen_) {
      if (data->spec().class_names.empty() || has_soft_labels(*data)) {
        throw Error(ExitCode::usage, "convert: a file holds labels, and these data have votes or soft labels",
                    "Leave data.votes and data.label_columns out, and train on the folder.");
      }
      if (data->size() >= settings_.shards) continue;
      throw Error(ExitCode::usage, fmt::format("convert: {} shards for {} {} images", settings_.shards, data->size(), name),
                  "Give fewer --shards, or leave the split out with --split.");
    }
    if (const auto others = other_shard_counts(settings_.out, settings_.shards); !others.empty()) {
      throw Error(ExitCode::cannot_resume,
                  fmt::format("{}: a set of {} files of this name is there already, this one would have {}",
                              printable(settings_.out), others[0], settings_.shards),
                  "Give that number of --shards, another --out, or remove the files.");
    }
  }

  // What the bytes depend on: settings, and names, labels and (of some) content of the images.
  std::string identity() const {
    nlohmann::json text = {{"version", std::string(kVersion)},
                           {"data", config::to_yaml(ConvertedData{config_})},
                           {"shards", settings_.shards},
                           {"shape", chosen_[0].second->spec().input_shape},
                           {"classes", chosen_[0].second->spec().class_names}};
    for (const auto& [name, data] : chosen_) text["splits"][name] = fingerprint(data);
    return sha256(json_text(text));
  }

  std::vector<Portion> portions_of(int64_t shard) const {
    std::vector<Portion> portions;
    int64_t piece = 0;
    for (const auto& [name, data] : chosen_) {
      const int64_t first = shard * data->size() / settings_.shards, last = (shard + 1) * data->size() / settings_.shards;
      portions.push_back({data, name, first, last - first, piece});
      piece += portions.back().pieces();
    }
    return portions;
  }

  static std::vector<std::string> ids_of(const Portion& portion) {
    std::vector<std::string> ids;
    for (int64_t row = 0; row < portion.rows; ++row) ids.push_back(in_utf8(portion.data->id(portion.first + row)));
    return ids;
  }

  std::vector<NamedAttribute> attributes(const std::vector<Portion>& portions, int64_t shard) const {
    const auto& names = portions[0].data->spec().class_names;
    std::vector<NamedAttribute> attributes = {{"generator", "hpcai-train convert"},
                                              {"version", std::string(kVersion)},
                                              {"conversion", identity_},
                                              {"shard", shard},
                                              {"class_names", names}};
    for (const Portion& portion : portions) attributes.push_back({portion.group + "/class_names", names});
    return attributes;
  }

  void write(const fs::path& path, int64_t shard, const std::vector<Portion>& portions) {
    const auto& shape = portions[0].data->spec().input_shape;
    std::vector<NewArray> arrays;
    std::vector<std::vector<std::string>> ids;
    for (const Portion& portion : portions) {
      ids.push_back(ids_of(portion));
      size_t width = 1;
      for (const std::string& id : ids.back()) width = std::max(width, id.size());
      arrays.push_back({portion.group + "/images", {portion.rows, shape[1], shape[2], 3}, ElementType::uint8});
      arrays.push_back({portion.group + "/labels", {portion.rows}, ElementType::other_integer});
      arrays.push_back({portion.group + "/ids", {portion.rows}, ElementType::uint8, static_cast<int64_t>(width)});
    }
    const std::unique_ptr<LockFile> lock = lock_for(path);
    const int64_t pieces = portions.back().first_piece + portions.back().pieces();
    PartialHdf5 file(path, arrays, attributes(portions, shard), identity_, pieces, settings_.resume);
    for (size_t p = 0; p < portions.size(); ++p) write_names(file, 3 * p, arrays[3 * p + 2].text_width, portions[p], ids[p]);
    const int64_t before = file.count_done();
    const Progress of_all = [&](int64_t done, int64_t) { progress_(std::min(total_, told_ + done * kPiece), total_); };
    for_each_with_progress(progress_ ? of_all : Progress(), pieces, settings_.threads, [&](int64_t piece) {
      if (!file.is_done(piece)) write_piece(file, portions, piece);
    });
    file.finish();
    int64_t rows = 0;
    for (const Portion& portion : portions) rows += portion.rows;
    told_ += rows;
    const int64_t kept = std::min(rows, before * kPiece);
    result_.kept += kept;
    result_.made += rows - kept;
  }

  static void write_names(PartialHdf5& file, size_t array, int64_t width, const Portion& portion,
                          const std::vector<std::string>& ids) {
    for (int64_t begin = 0; begin < portion.rows; begin += kPiece) {
      std::vector<int64_t> rows;
      for (int64_t row = begin; row < std::min(portion.rows, begin + kPiece); ++row) rows.push_back(portion.first + row);
      const at::Tensor labels = portion.data->targets(rows);
      for (size_t i = 0; i < rows.size(); ++i) {
        const int64_t row = begin + static_cast<int64_t>(i);
        file.write_row(array + 1, row, labels.const_data_ptr<int64_t>() + i);
        std::string id = ids[static_cast<size_t>(row)];
        id.resize(static_cast<size_t>(width), '\0');
        file.write_row(array + 2, row, id.data());
      }
    }
  }

  static void write_piece(PartialHdf5& file, const std::vector<Portion>& portions, int64_t piece) {
    size_t p = portions.size() - 1;
    while (portions[p].first_piece > piece) --p;
    const Portion& portion = portions[p];
    thread_local std::vector<float> input;
    thread_local std::vector<uint8_t> bytes;
    input.resize(static_cast<size_t>(portion.data->input_size()));
    const int64_t begin = (piece - portion.first_piece) * kPiece;
    for (int64_t row = begin; row < std::min(portion.rows, begin + kPiece); ++row) {
      portion.data->read(portion.first + row, nullptr, input.data());
      to_bytes(input, bytes);
      file.write_row(3 * p, row, bytes.data());
    }
    file.mark_done(piece);
  }

  static std::unique_ptr<LockFile> lock_for(const fs::path& path) {
    fs::path name = path;
    try {
      return std::make_unique<LockFile>(name += ".partial.lock");
    } catch (const LockFile::Held&) {
      throw Error(ExitCode::cannot_write, fmt::format("cannot write {}: another process is writing it", printable(path)),
                  "Wait for that process, or choose another --out.");
    } catch (const std::system_error& error) {
      fail_to_write("write", path, error.code().value());
    }
  }

  // A file has its name only when it is whole.
  void check_kept(const fs::path& path, int64_t shard) const {
    const auto look = [&] {
      const Hdf5File file(path.string());
      if (file.texts("conversion") == std::vector{identity_}) return;
      throw Error(ExitCode::cannot_resume,
                  fmt::format("{} (file {} of {}) was made with other settings or of other data", printable(path), shard + 1,
                              settings_.shards),
                  "Give the settings that it was made with, leave --resume out, or choose another --out.");
    };
    try_in_child(path.string(), look);
    look();
  }

  static std::string write_digest(const fs::path& path) {
    const std::string digest = sha256_of_file(path.string());
    fs::path name = path;
    replace_file(name += ".sha256", fmt::format("{}  {}\n", digest, path.filename().string()));
    return digest;
  }

  const ConvertSettings& settings_;
  const Progress& progress_;
  DataConfig config_;
  Splits splits_;
  std::vector<std::pair<std::string, const Dataset*>> chosen_;
  std::string identity_;
  Converted result_;
  int64_t total_ = 0, told_ = 0;
};

}  // namespace

Converted convert_images(const DataConfig& config, const ConvertSettings& settings, const Progress& progress) {
  return Conversion(config, settings, progress).run();
}

}  // namespace hpcai::data
