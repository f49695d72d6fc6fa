#include "hpcai/runs/throughput.h"

namespace hpcai::runs {
namespace {

using StepEnd = std::pair<double, int64_t>;

double rate(const StepEnd& from, const StepEnd& to) {
  return to.first > from.first ? static_cast<double>(to.second - from.second) / (to.first - from.first) : 0;
}

}  // namespace

void Throughput::add(double now_s, int64_t samples) {
  samples_ += samples;
  if (++steps_ < skip_) return;  // the clock starts at the end of the last skipped step
  ends_.emplace_back(now_s - paused_s_, samples_);
  if (static_cast<int64_t>(ends_.size()) > window_ + 1) ends_.pop_front();
  if (!first_) first_ = ends_.front();
}

double Throughput::samples_per_second() const { return ends_.empty() ? 0 : rate(ends_.front(), ends_.back()); }

double Throughput::mean_samples_per_second() const { return first_ ? rate(*first_, ends_.back()) : 0; }

}  // namespace hpcai::runs
