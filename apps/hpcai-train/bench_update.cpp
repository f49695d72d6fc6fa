#include "bench_update.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "hpcai/core/threads/openmp.h"
#include "hpcai/core/threads/pieces.h"
#include "hpcai/kernels/update/update.h"
#include "hpcai/models/model.h"
#include "hpcai/optim/make_optimizer.h"
#include "hpcai/optim/one_pass.h"
#include "hpcai/trainer/average.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::app {
namespace {

constexpr int kUpdates = 31;

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The memory that an update goes through, in buffers of the same sizes: each array of the weights' size that changes is read and
// written, the gradient is read, and read once more before if its norm is needed.
class Memory {
 public:
  Memory(const optim::Optimizer& optimizer, const trainer::TrainingConfig& training) : norm_(training.clip_norm > 0) {
    for (const auto& [name, parameter] : optimizer.parameters()) count_ += parameter.numel();
    int64_t state_bytes = 0;
    for (const auto& [name, tensor] : optimizer.state()) state_bytes += static_cast<int64_t>(tensor.nbytes());
    const int64_t state_arrays = state_bytes / array_bytes();  // the numbers of updates take next to nothing
    arrays_.resize(static_cast<size_t>(2 + state_arrays + (training.average_decay > 0 ? 1 : 0)));
    for (at::Tensor& array : arrays_) array = at::full({count_}, 1e-3, at::kFloat);  // written, so that each page is there
    const auto values = [this](size_t i) { return i < arrays_.size() ? arrays_[i].mutable_data_ptr<float>() : nullptr; };
    streams_.push_back({values(1), values(0), values(2), values(3), values(4), count_});
  }

  int64_t count() const { return count_; }
  double bytes_moved() const {
    return static_cast<double>(array_bytes()) * static_cast<double>(2 * (arrays_.size() - 1) + (norm_ ? 2 : 1));
  }

  // The least time that memory allows on the compute threads, now: of simple loops, or at the speed of memcpy if that is less. A
  // copied byte is read and written; memcpy writes blocks of this size past the cache.
  double bound_s() const {
    const double copies = bytes_moved() / static_cast<double>(2 * array_bytes());
    return std::min(loops_s(), copies * copy_s());
  }

 private:
  double loops_s() const {
    const optim::Parts parts(streams_);
    return seconds_of([&] {
      if (norm_) {
        parts.sums<double>([](size_t, const auto& piece) { return kernels::sum_of_squares(piece.gradient, piece.count); });
      }
      parts.for_each([](size_t, const auto& piece) { kernels::move_values(piece); });
    });
  }
  double copy_s() const {
    const int64_t threads = compute_threads();
    return seconds_of([&] {
      for_pieces(threads, [&](int64_t i) {
        const kernels::UpdatePiece piece = streams_.front().part(count_ * i / threads, count_ * (i + 1) / threads);
        std::memcpy(piece.weight, piece.gradient, static_cast<size_t>(piece.count) * sizeof(float));
      });
    });
  }
  int64_t array_bytes() const { return count_ * static_cast<int64_t>(sizeof(float)); }

  bool norm_;
  int64_t count_ = 0;
  std::vector<at::Tensor> arrays_;  // the gradient, the weights, the state, the average
  std::vector<kernels::UpdatePiece> streams_;
};

}  // namespace

nlohmann::json measure_update(const trainer::Experiment& experiment, models::Model& model) {
  NamedTensors named;
  for (const auto& item : model.named_parameters()) {
    at::Tensor weight = item.value().detach().requires_grad_();
    weight.mutable_grad() = at::randn_like(weight) * 1e-3;
    named.emplace_back(item.key(), weight);
  }
  const trainer::TrainingConfig& training = experiment.training;
  const auto optimizer = optim::make_optimizer(experiment.optimizer, named);
  trainer::WeightAverage average(named, training.average_decay);
  const Memory memory(*optimizer, training);
  double update_s = std::numeric_limits<double>::infinity(), bound_s = update_s;
  for (int i = 0; i < kUpdates; ++i) {
    update_s = std::min(update_s, seconds_of([&] {
                          optimizer->prepare(1e-6);
                          average.prepare(i);
                          optim::Alongside alongside;
                          optimizer->clip(training.clip_norm, alongside);
                          average.update_with(*optimizer, alongside);
                        }));
    bound_s = std::min(bound_s, memory.bound_s());
  }
  return {{"parameters", memory.count()},  {"one_pass", optimizer->updates_in_one_pass()},
          {"threads", compute_threads()},  {"bytes_moved", memory.bytes_moved()},
          {"update_s", update_s},          {"bound_s", bound_s},
          {"of_bound", update_s / bound_s}};
}

std::string update_report_text(const nlohmann::json& report) {
  return fmt::format(
      "an update of {} parameters on {} threads takes {:.4g} s\n"
      "memory allows {:.4g} s: {:.0f} MB read and written by simple loops or by memcpy\n"
      "{:.2f} times the bound\n",
      report.at("parameters").get<int64_t>(), report.at("threads").get<int>(), report.at("update_s").get<double>(),
      report.at("bound_s").get<double>(), 1e-6 * report.at("bytes_moved").get<double>(), report.at("of_bound").get<double>());
}

}  // namespace hpcai::app
