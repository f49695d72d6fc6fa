#include "hpcai/distributed/exchange/host_exchange.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "hpcai/core/threads/start.h"
#include "hpcai/distributed/exchange/short_messages.h"
#include "hpcai/distributed/exchange/sum_parts.h"

namespace hpcai::distributed {
namespace {

constexpr int64_t kThreadValues = 1 << 16;  // the fewest values for which a further thread pays
constexpr size_t kLine = 64;                // bytes; ranks must not write to the same cache line

}  // namespace

size_t HostExchange::buffer_bytes(int64_t values, at::ScalarType type) {
  return (static_cast<size_t>(values) * at::elementSize(type) + kLine - 1) / kLine * kLine;
}

HostExchange::HostExchange(Place place, std::shared_ptr<SharedMemory> meeting_point, OverHosts over_hosts)
    : place_(place), meeting_point_(std::move(meeting_point)), over_hosts_(std::move(over_hosts)) {
  if (!one_host()) thread_ = start_thread("that exchanges gradients with other hosts", [this] { run_thread(); });
}

HostExchange::~HostExchange() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
    if (done_ < started_) {
      meeting_point_->abandon();
      over_hosts_.abort();
    }
  }
  changed_.notify_all();
  thread_.join();
}

at::Tensor HostExchange::adopt(std::unique_ptr<SharedMapping> mapping, int64_t values, at::ScalarType type) {
  const size_t bytes = buffer_bytes(values, type), begin = static_cast<size_t>(place_.rank) * bytes;
  std::shared_ptr<SharedMapping> shared = std::move(mapping);
  const std::lock_guard lock(mutex_);
  std::erase_if(buffers_, [](const Buffer& buffer) { return buffer.mapping.expired(); });
  buffers_.push_back({shared, bytes});
  return at::from_blob(
      shared->data() + begin, {values}, [shared](void*) {}, at::TensorOptions(type));
}

// The addresses of this part of a buffer on all ranks of the host; none for a tensor outside shared memory.
HostExchange::Addresses HostExchange::addresses_of(const at::Tensor& tensor) {
  const auto* const own = static_cast<const std::byte*>(tensor.const_data_ptr());
  const std::lock_guard lock(mutex_);
  for (const Buffer& buffer : buffers_) {
    const auto mapping = buffer.mapping.lock();
    if (!mapping) continue;
    std::byte* const begin = mapping->data() + static_cast<size_t>(place_.rank) * buffer.bytes;
    if (own < begin || own >= begin + buffer.bytes) continue;
    Addresses addresses;
    for (size_t rank = 0; rank < static_cast<size_t>(place_.ranks); ++rank) {
      addresses.push_back(mapping->data() + rank * buffer.bytes + (own - begin));
    }
    return addresses;
  }
  return {};
}

bool HostExchange::takes(const at::Tensor& tensor) {
  return can_sum_parts(tensor.scalar_type()) && !addresses_of(tensor).empty();
}

int64_t HostExchange::start(const at::Tensor& tensor, bool average) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back({tensor, average});
  changed_.notify_all();
  return ++started_;
}

void HostExchange::finish(int64_t number) {
  if (one_host()) {
    while (done_ < number) {
      const Exchange exchange = std::move(waiting_.front());
      waiting_.pop_front();
      ++done_;
      perform(exchange);
    }
    return;
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return done_ >= number || failure_; });
  if (done_ < number) std::rethrow_exception(failure_);
}

void HostExchange::run_thread() {
  const at::NoGradGuard no_grad;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return ends_ || !waiting_.empty(); });
    if (ends_) return;
    const Exchange exchange = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    try {
      perform(exchange);
      lock.lock();
      ++done_;
    } catch (...) {
      if (!lock.owns_lock()) lock.lock();
      failure_ = std::current_exception();
      changed_.notify_all();
      return;
    }
    changed_.notify_all();
  }
}

void HostExchange::perform(const Exchange& exchange) {
  if (one_host() && is_short(exchange.values)) return reduce_gathered(exchange);
  const Addresses parts = addresses_of(exchange.values);
  one_host() ? reduce_in_place(exchange, parts) : reduce_over_hosts(exchange, parts);
}

// All ranks read all values of each other, so a short tensor needs few ranks to be cheaper this way.
bool HostExchange::is_short(const at::Tensor& values) const {
  return values.nbytes() <= std::min(meeting_point_->box_bytes(), most_gathered_bytes(place_.ranks));
}

void HostExchange::reduce_gathered(const Exchange& exchange) {
  const at::Tensor& values = exchange.values;
  const auto parts = meeting_point_->gather(values.const_data_ptr(), values.nbytes(), place_.own_core);
  std::byte* const target = static_cast<std::byte*>(values.data_ptr());
  sum_parts(values.scalar_type(), parts, {&target, 1}, 0, values.numel(), exchange.average ? place_.all_ranks : 1);
}

// Begin and length of this rank's slice of `values` values.
std::pair<int64_t, int64_t> HostExchange::slice(int64_t values, at::ScalarType type) const {
  const auto line = static_cast<int64_t>(kLine / at::elementSize(type));
  const int64_t lines = (values + line - 1) / line;
  const auto edge = [&](int64_t rank) {
    return std::min(values, std::min<int64_t>(rank, place_.slices) * lines / place_.slices * line);
  };
  const int64_t begin = edge(place_.rank);
  return {begin, edge(place_.rank + 1) - begin};
}

void HostExchange::reduce_in_place(const Exchange& exchange, const Addresses& parts) {
  const at::ScalarType type = exchange.values.scalar_type();
  const int divisor = exchange.average ? place_.all_ranks : 1;
  const auto [begin, count] = slice(exchange.values.numel(), type);
  meeting_point_->meet(place_.own_core);
  at::parallel_for(begin, begin + count, kThreadValues,
                   [&, type = type](int64_t first, int64_t end) { sum_parts(type, parts, parts, first, end - first, divisor); });
  meeting_point_->meet(place_.own_core);
}

void HostExchange::reduce_over_hosts(const Exchange& exchange, const Addresses& parts) {
  const at::ScalarType type = exchange.values.scalar_type();
  const auto [begin, count] = slice(exchange.values.numel(), type);
  meeting_point_->meet(place_.own_core);
  if (count > 0) {
    sum_parts(type, parts, {&parts[static_cast<size_t>(place_.rank)], 1}, begin, count, 1);
    const at::Tensor sum = exchange.values.narrow(0, begin, count);
    over_hosts_.sum(sum);
    if (exchange.average) sum.div_(place_.all_ranks);
    const size_t offset = static_cast<size_t>(begin) * at::elementSize(type);
    for (std::byte* part : parts) {
      if (part != parts[static_cast<size_t>(place_.rank)]) std::memcpy(part + offset, sum.const_data_ptr(), sum.nbytes());
    }
  }
  meeting_point_->meet(place_.own_core);
}

}  // namespace hpcai::distributed
