#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hpcai/core/json.h"
#include "hpcai/data/config.h"
#include "hpcai/data/duplicates.h"
#include "hpcai/data/same_objects.h"
#include "hpcai/data/verify.h"

namespace hpcai::app {

struct NamedSplit {
  std::string name;  // training, validation, test, unlabelled
  const data::Dataset* data;
};
inline constexpr const char* kUnlabelledSplit = "unlabelled";

// The faults that reading all samples has found, as text.
struct Reading {
  std::vector<std::string> problems;  // a paragraph for each kind of fault that must be mended
  std::vector<std::string> warnings;
  bool has_unusable = false;                          // whether samples cannot be used,
  bool all_missing = true;                            // and whether all of these are files that are not there
  bool has_leaks = false;                             // whether splits share pictures or objects
  nlohmann::json details = nlohmann::json::object();  // of a full check
};

// "<head>\n  <first finding>\n  ...\n  and 7 more".
std::string paragraph(const std::string& head, const data::Findings& findings);

// What `check --full` finds in images beyond the faults of single samples: copies, objects of several splits, small images and
// uneven classes. First see() hears of all samples, then finish() concludes.
class FullCheck {
 public:
  // The splits must outlive this object; all hold images.
  explicit FullCheck(std::vector<NamedSplit> splits);

  // What data::verify() calls for the samples of split number `split`.
  data::SeeSample see(size_t split);
  // Adds problems, warnings and details. `config`: of the section `data`.
  void finish(const data::DataConfig& config, Reading& reading) const;

 private:
  using Place = std::pair<size_t, int64_t>;  // a split and a sample

  Place place(int64_t picture) const;
  std::string where(const Place& place) const { return splits_[place.first].data->where(place.second); }
  std::vector<uint8_t> pixels(const Place& place) const;
  std::string label(const Place& place) const;
  bool separates(size_t a, size_t b) const;  // whether the splits must not share anything
  nlohmann::json pair_report(const Place& first, const Place& second) const;
  void report_copies(Reading& reading) const;
  void report_names(size_t a, size_t b, Reading& reading) const;
  void report_positions(const data::DataConfig& config, Reading& reading) const;
  void report_small(Reading& reading) const;
  void report_classes(Reading& reading) const;

  std::vector<NamedSplit> splits_;
  std::vector<int64_t> begins_{0};  // first picture of each split, and behind the last
  std::vector<data::PictureHash> pictures_;
  std::vector<std::string> enlarged_;
};

}  // namespace hpcai::app
