#include "full_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <variant>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/class_targets.h"

namespace hpcai::app {
namespace {

constexpr double kSameObjectRadius_arcsec = 1;
constexpr double kUnevenClasses = 10;  // largest to smallest
constexpr size_t kMostListed = 5;

void add_finding(data::Findings& findings, std::string words) {
  ++findings.count;
  if (findings.first.size() < kMostListed) findings.first.push_back(std::move(words));
}

std::string how_equal(const data::Duplicate& copy) {
  if (copy.exact) return "equal pixels";
  if (copy.difference == 0) return "equal pixels when turned or mirrored";
  return fmt::format("nearly equal, as it is or turned or mirrored: pixels differ by {:.2g} of 255 on average", copy.difference);
}

std::string class_counts_text(const std::vector<std::pair<std::string, int64_t>>& counts) {
  constexpr size_t kMostShown = 20;
  std::vector<std::string> words;
  for (size_t i = 0; i < std::min(counts.size(), kMostShown); ++i) {
    words.push_back(fmt::format("{} {}", printable(counts[i].first), counts[i].second));
  }
  if (counts.size() > kMostShown) words.push_back(fmt::format("and {} more classes", counts.size() - kMostShown));
  return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

std::string paragraph(const std::string& head, const data::Findings& findings) {
  std::string text = head;
  for (const std::string& line : findings.first) text += "\n  " + line;
  const auto left = findings.count - static_cast<int64_t>(findings.first.size());
  return left > 0 ? text + fmt::format("\n  and {} more", left) : text;
}

FullCheck::FullCheck(std::vector<NamedSplit> splits) : splits_(std::move(splits)) {
  for (const NamedSplit& split : splits_) begins_.push_back(begins_.back() + split.data->size());
  pictures_.resize(static_cast<size_t>(begins_.back()));
  enlarged_.resize(pictures_.size());
}

data::SeeSample FullCheck::see(size_t split) {
  return [this, split](int64_t index, const std::vector<float>& input) {
    const data::Dataset& data = *splits_[split].data;
    const auto [height, width] = data::image_sides(data.spec());
    const auto picture = static_cast<size_t>(begins_[split] + index);
    pictures_[picture] = data::hash_picture(data::image_bytes(data.spec(), input.data()), height, width);
    enlarged_[picture] = data.enlarged(index);
  };
}

FullCheck::Place FullCheck::place(int64_t picture) const {
  const auto split = static_cast<size_t>(std::upper_bound(begins_.begin(), begins_.end(), picture) - begins_.begin() - 1);
  return {split, picture - begins_[split]};
}

std::vector<uint8_t> FullCheck::pixels(const Place& place) const {
  const data::Dataset& data = *splits_[place.first].data;
  std::vector<float> input(static_cast<size_t>(data.input_size()));
  data.read(place.second, nullptr, input.data());
  return data::image_bytes(data.spec(), input.data());
}

std::string FullCheck::label(const Place& place) const {
  const data::Dataset& data = *splits_[place.first].data;
  const std::vector<std::string>& names = data.spec().class_names;
  const int64_t rows[] = {place.second};
  const at::Tensor targets = names.empty() ? at::Tensor() : data.targets(rows);
  const int64_t label = targets.defined() ? data::class_labels(targets).item<int64_t>() : data::kUnlabelled;
  return label < 0 ? "" : printable(names[static_cast<size_t>(label)]);
}

// Unlabelled samples may be those of the test: an adaptation to a survey sees its images.
bool FullCheck::separates(size_t a, size_t b) const {
  return a != b && splits_[a].name != kUnlabelledSplit && splits_[b].name != kUnlabelledSplit;
}

nlohmann::json FullCheck::pair_report(const Place& first, const Place& second) const {
  return {{"first", where(first)},
          {"second", where(second)},
          {"splits", {splits_[first.first].name, splits_[second.first].name}},
          {"labels", {label(first), label(second)}}};
}

void FullCheck::report_copies(Reading& reading) const {
  const auto compare = [&](int64_t a, int64_t b) -> std::optional<double> {
    const auto [height, width] = data::image_sides(splits_[place(a).first].data->spec());
    if (data::image_sides(splits_[place(b).first].data->spec()) != std::array{height, width}) return std::nullopt;
    try {
      return data::picture_difference(pixels(place(a)), pixels(place(b)), height, width);
    } catch (const Error&) {  // the file has changed since it was read
      return std::nullopt;
    }
  };
  std::map<std::pair<size_t, size_t>, data::Findings> found;
  for (const data::Duplicate& copy : data::find_duplicates(pictures_, compare, 0, data::log_progress("comparing pictures"))) {
    const Place first = place(copy.first), second = place(copy.second);
    std::string words = fmt::format("{} is {}: {}", where(second), where(first), how_equal(copy));
    const std::string a = label(first), b = label(second);
    if (!a.empty() && !b.empty() && a != b) words += fmt::format("; but it is labelled {}, the other {}", b, a);
    add_finding(found[{first.first, second.first}], std::move(words));
    auto report = pair_report(first, second);
    report["exact"] = copy.exact;
    report["difference"] = copy.difference;
    reading.details["duplicates"].push_back(report);
    if (!separates(first.first, second.first)) continue;
    report["by"] = "picture";
    reading.details["leaks"].push_back(report);
  }
  for (const auto& [splits, findings] : found) {
    const auto& [a, b] = splits;
    const std::string count = plural(findings.count, splits_[b].name + " sample");
    if (separates(a, b)) {
      reading.has_leaks = true;
      reading.problems.push_back(paragraph(fmt::format("{}: the same picture is in {}:", count, splits_[a].name), findings));
    } else {
      reading.warnings.push_back(
          paragraph(fmt::format("{}: the same picture is {}in {}:", count, a == b ? "earlier " : "", splits_[a].name), findings));
    }
  }
}

void FullCheck::report_names(size_t a, size_t b, Reading& reading) const {
  data::Findings certain, counters;
  for (const data::SharedObject& shared : data::same_names(*splits_[a].data, *splits_[b].data)) {
    const Place first{a, shared.first}, second{b, shared.second};
    const bool may_differ = data::may_be_counter(data::object_name(splits_[b].data->id(shared.second)));
    add_finding(may_differ ? counters : certain, fmt::format("{} and {}", where(second), where(first)));
    if (may_differ) continue;
    auto report = pair_report(first, second);
    report["by"] = "name";
    reading.details["leaks"].push_back(report);
  }
  const auto head = [&](const data::Findings& findings, const std::string& end) {
    return fmt::format("{} with the name of a {} sample{}", plural(findings.count, splits_[b].name + " sample"), splits_[a].name,
                       end);
  };
  if (certain.count > 0) {
    reading.has_leaks = true;
    reading.problems.push_back(paragraph(head(certain, ", which is taken for the same object:"), certain));
  }
  if (counters.count > 0) {
    reading.warnings.push_back(
        paragraph(head(counters, "; unless the names only count files, the objects are the same:"), counters));
  }
}

void FullCheck::report_positions(const data::DataConfig& config, Reading& reading) const {
  const auto* folder = std::get_if<data::ImageFolderConfig>(&config);
  if (folder == nullptr) return;
  std::vector<data::Positions> positions;
  for (const NamedSplit& split : splits_) {
    positions.push_back(split.name == kUnlabelledSplit ? data::Positions{} : data::sky_positions(*folder, *split.data));
  }
  for (size_t b = 1; b < splits_.size(); ++b) {
    for (size_t a = 0; a < b; ++a) {
      data::Findings found;
      for (const auto& shared : data::same_positions(positions[a], positions[b], kSameObjectRadius_arcsec, 0)) {
        const Place first{a, shared.first}, second{b, shared.second};
        add_finding(found, fmt::format("{} and {}: {:.2g} arcsec", where(second), where(first), shared.separation_arcsec));
        auto report = pair_report(first, second);
        report["by"] = "position";
        report["separation_arcsec"] = shared.separation_arcsec;
        reading.details["leaks"].push_back(report);
      }
      if (found.count == 0) continue;
      reading.has_leaks = true;
      reading.problems.push_back(
          paragraph(fmt::format("{} within {} arcsec of a {} sample:", plural(found.count, splits_[b].name + " sample"),
                                kSameObjectRadius_arcsec, splits_[a].name),
                    found));
    }
  }
}

void FullCheck::report_small(Reading& reading) const {
  for (size_t s = 0; s < splits_.size(); ++s) {
    data::Findings found;
    for (int64_t i = begins_[s]; i < begins_[s + 1]; ++i) {
      const std::string& words = enlarged_[static_cast<size_t>(i)];
      if (!words.empty()) add_finding(found, words);
    }
    reading.details["small_images"][splits_[s].name] = found.count;
    if (found.count == 0) continue;
    const auto [height, width] = data::image_sides(splits_[s].data->spec());
    reading.warnings.push_back(
        paragraph(fmt::format("{} of {} {} images are smaller than the network's {} x {} and are enlarged:", found.count,
                              splits_[s].data->size(), splits_[s].name, width, height),
                  found));
  }
}

void FullCheck::report_classes(Reading& reading) const {
  for (const NamedSplit& split : splits_) {
    const auto counts = data::class_counts(*split.data);
    if (counts.empty() || split.name == kUnlabelledSplit) continue;
    const auto [least, most] =
        std::minmax_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    nlohmann::json& report = reading.details["imbalance"][split.name];
    report["smallest"] = {{"class", least->first}, {"count", least->second}};
    report["largest"] = {{"class", most->first}, {"count", most->second}};
    const double ratio = static_cast<double>(most->second) / static_cast<double>(std::max<int64_t>(1, least->second));
    report["ratio"] = least->second > 0 ? nlohmann::json(ratio) : nlohmann::json();
    report["missing"] = nlohmann::json::array();
    for (const auto& [name, count] : counts) {
      if (count == 0) report["missing"].push_back(name);
    }
    if (split.name == "training") {
      if (least->second > 0 && ratio > kUnevenClasses) {
        reading.warnings.push_back(
            fmt::format("the largest class of the training has {:.3g} times the samples of the smallest: {}", ratio,
                        class_counts_text(counts)));
      }
    } else if (least->second == 0) {
      reading.warnings.push_back(fmt::format("a class has no {} sample: {}", split.name, class_counts_text(counts)));
    }
  }
}

void FullCheck::finish(const data::DataConfig& config, Reading& reading) const {
  reading.details["duplicates"] = nlohmann::json::array();
  reading.details["leaks"] = nlohmann::json::array();
  reading.details["imbalance"] = nlohmann::json::object();
  reading.details["small_images"] = nlohmann::json::object();
  report_copies(reading);
  for (size_t b = 1; b < splits_.size(); ++b) {
    for (size_t a = 0; a < b; ++a) {
      if (separates(a, b)) report_names(a, b, reading);
    }
  }
  report_positions(config, reading);
  report_small(reading);
  report_classes(reading);
}

}  // namespace hpcai::app
