#include "hpcai/data/duplicates.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

namespace hpcai::data {
namespace {

constexpr size_t kBands = 16;  // of 16 bits each

size_t band_of(const DetailBits& bits, size_t band) { return (bits[band / 4] >> (16 * (band % 4))) & 0xFFFF; }

// The pictures that agree in a band, in ascending order.
class Buckets {
 public:
  Buckets(std::span<const PictureHash> pictures, std::span<const int64_t> chosen) {
    for (size_t band = 0; band < kBands; ++band) {
      auto& begins = begins_[band];
      begins.assign((1 << 16) + 1, 0);
      for (const int64_t i : chosen) ++begins[key(pictures, i, band) + 1];
      for (size_t k = 1; k < begins.size(); ++k) begins[k] += begins[k - 1];
      std::vector<size_t> next(begins.begin(), begins.end() - 1);
      members_[band].resize(chosen.size());
      for (const int64_t i : chosen) members_[band][next[key(pictures, i, band)]++] = i;
    }
  }

  // Those before picture `i`, at most kMostCompared.
  std::span<const int64_t> before(int64_t i, size_t band, size_t key) const {
    constexpr int64_t kMostCompared = 1000;
    const int64_t* all = members_[band].data();
    const int64_t* begin = all + begins_[band][key];
    const int64_t* end = std::lower_bound(begin, all + begins_[band][key + 1], i);
    return {std::max(begin, end - std::min(kMostCompared, end - begin)), end};
  }

 private:
  static size_t key(std::span<const PictureHash> pictures, int64_t i, size_t band) {
    return band_of(pictures[static_cast<size_t>(i)].detail[0], band);
  }

  std::array<std::vector<size_t>, kBands> begins_;
  std::array<std::vector<int64_t>, kBands> members_;
};

// Earlier pictures whose detail is near that of picture i, in ascending order.
std::vector<int64_t> similar(std::span<const PictureHash> pictures, const Buckets& buckets, int64_t i) {
  std::vector<int64_t> found;
  for (const DetailBits& turned : pictures[static_cast<size_t>(i)].detail) {
    for (size_t band = 0; band < kBands; ++band) {
      for (const int64_t other : buckets.before(i, band, band_of(turned, band))) {
        if (differing_bits(turned, pictures[static_cast<size_t>(other)].detail[0]) <= kMostDifferingBits) found.push_back(other);
      }
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace

std::vector<Duplicate> find_duplicates(std::span<const PictureHash> pictures, const CompareTwo& compare, int threads,
                                       const Progress& progress) {
  constexpr size_t kMostTried = 8;  // similar pictures of one
  std::vector<Duplicate> duplicates;
  std::unordered_map<std::string_view, int64_t> first_of;
  std::vector<int64_t> distinct;
  for (int64_t i = 0; i < static_cast<int64_t>(pictures.size()); ++i) {
    const PictureHash& picture = pictures[static_cast<size_t>(i)];
    if (picture.digest.empty() || !picture.has_detail) continue;
    const auto [known, is_new] = first_of.emplace(picture.digest, i);
    if (is_new) {
      distinct.push_back(i);
    } else {
      duplicates.push_back({known->second, i, true, 0});
    }
  }
  const Buckets buckets(pictures, distinct);
  std::vector<std::optional<Duplicate>> near(distinct.size());
  for_each_with_progress(progress, static_cast<int64_t>(distinct.size()), threads, [&](int64_t k) {
    const int64_t i = distinct[static_cast<size_t>(k)];
    auto candidates = similar(pictures, buckets, i);
    candidates.resize(std::min(candidates.size(), kMostTried));
    for (const int64_t other : candidates) {
      const auto difference = compare(other, i);
      if (!difference || *difference > kMostPictureDifference) continue;
      near[static_cast<size_t>(k)] = Duplicate{other, i, false, *difference};
      return;
    }
  });
  for (const auto& one : near) {
    if (one) duplicates.push_back(*one);
  }
  std::sort(duplicates.begin(), duplicates.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return duplicates;
}

}  // namespace hpcai::data
