#include "hpcai/data/verify.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>
#include <type_traits>
#include <variant>

#include "hpcai/core/error.h"
#include "hpcai/data/class_targets.h"

namespace hpcai::data {
namespace {

constexpr size_t kMostShown = 5;

// Collects in any order; keeps the words of those that come first.
class Collector {
 public:
  void add(int64_t index, std::string words) {
    ++count_;
    first_.emplace(index, std::move(words));
    if (first_.size() > kMostShown) first_.erase(std::prev(first_.end()));
  }
  Findings findings() const {
    Findings findings{count_, {}};
    for (const auto& [index, words] : first_) findings.first.push_back(words);
    return findings;
  }

 private:
  int64_t count_ = 0;
  std::map<int64_t, std::string> first_;
};

bool channels_are_constant(const std::vector<float>& input, int64_t channels) {
  const auto size = static_cast<int64_t>(input.size()) / channels;
  for (int64_t c = 0; c < channels; ++c) {
    const float* values = input.data() + c * size;
    if (!std::all_of(values, values + size, [values](float value) { return value == values[0]; })) return false;
  }
  return true;
}

}  // namespace

Verification verify(const Dataset& data, int threads, const Progress& progress, const SeeSample& see) {
  Verification result;
  Collector unusable, constant, incomplete;
  std::mutex mutex;
  for_each_with_progress(progress, data.size(), threads, [&](int64_t index) {
    thread_local std::vector<float> input;
    input.resize(static_cast<size_t>(data.input_size()));
    try {
      data.read(index, nullptr, input.data());
      if (see) see(index, input);
      if (std::string words = data.incomplete(index); !words.empty()) {
        const std::lock_guard lock(mutex);
        incomplete.add(index, std::move(words));
      }
      if (data.spec().padded || data.spec().each_step || data.spec().input_shape.size() < 2 ||
          !channels_are_constant(input, data.spec().input_shape[0]))
        return;
      const std::lock_guard lock(mutex);
      constant.add(index, data.where(index));
    } catch (const Error& error) {
      const std::lock_guard lock(mutex);
      unusable.add(index, error.what());
      if (error.code() != ExitCode::missing_input) result.all_missing = false;
    }
  });
  result.unusable = unusable.findings();
  result.constant = constant.findings();
  result.incomplete = incomplete.findings();
  return result;
}

std::vector<std::pair<std::string, int64_t>> class_counts(const Dataset& data) {
  std::vector<std::pair<std::string, int64_t>> counts;
  for (const std::string& name : data.spec().class_names) counts.emplace_back(name, 0);
  constexpr int64_t kBlock = 1 << 16;
  for (int64_t first = 0; !counts.empty() && first < data.size(); first += kBlock) {
    std::vector<int64_t> rows(static_cast<size_t>(std::min(kBlock, data.size() - first)));
    std::iota(rows.begin(), rows.end(), first);
    const at::Tensor targets = data.targets(rows);
    if (!targets.defined()) return {};
    const at::Tensor labels = class_labels(targets).contiguous();
    const int64_t* label = labels.const_data_ptr<int64_t>();
    for (int64_t i = 0; i < labels.numel(); ++i) {                        // of each sample, or of each step of it
      if (label[i] >= 0) ++counts[static_cast<size_t>(label[i])].second;  // below 0: unlabelled
    }
  }
  return counts;
}

bool is_stored(const DataConfig& config) {
  return std::visit([](const auto& source) { return std::decay_t<decltype(source)>::kStored; }, config);
}

void disable_cache(DataConfig& config) {
  std::visit([](auto& source) { source.disable_cache(); }, config);
}

}  // namespace hpcai::data
