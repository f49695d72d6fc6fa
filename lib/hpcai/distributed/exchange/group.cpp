#include "hpcai/distributed/exchange/group.h"

#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <fmt/format.h>

#include <cstring>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace hpcai::distributed {
namespace {

at::Tensor bytes_of(const at::Tensor& tensor) { return values_in_memory_order(tensor).view(at::kByte); }

at::Tensor tensor_of(const std::string& text, at::Device device) {
  at::Tensor bytes = at::empty({static_cast<int64_t>(text.size())}, at::kByte);
  if (!text.empty()) std::memcpy(bytes.data_ptr(), text.data(), text.size());
  return bytes.to(device);
}

std::string text_of(const at::Tensor& bytes) {
  const at::Tensor host = bytes.cpu();
  return {static_cast<const char*>(host.const_data_ptr()), static_cast<size_t>(host.numel())};
}

}  // namespace

Group::Group(int rank, int size, at::Device device)
    : Group(rank, size, device, {.local_rank = rank, .local_size = size, .core_sharers = size}, std::make_shared<Status>()) {}

Group::Group(int rank, int size, at::Device device, const Placement& placement, std::shared_ptr<Status> status)
    : rank_(rank), size_(size), device_(device), placement_(placement), status_(std::move(status)) {}

void require_dense(const at::Tensor& tensor) {
  if (!tensor.is_non_overlapping_and_dense()) throw std::invalid_argument("group: the tensor has gaps");
}

at::Tensor values_in_memory_order(const at::Tensor& tensor) {
  require_dense(tensor);
  return tensor.detach().as_strided({tensor.numel()}, {1});
}

std::unique_ptr<Group> Group::split(int) { throw std::logic_error("this group cannot be split"); }

at::Tensor Group::make_shared_zeros(int64_t values, at::ScalarType type) {
  return at::zeros({values}, at::TensorOptions(type).device(device()));
}

void Group::broadcast(const at::Tensor& tensor, int root) {
  if (tensor.numel() > 0) broadcast_bytes(bytes_of(tensor), root);
}

std::string Group::broadcast(const std::string& text, int root) {
  const InPhase phase(status(), Phase::exchange);  // here and below: on a GPU, reading the result is the call that waits
  at::Tensor length = at::full({1}, static_cast<int64_t>(text.size()), at::kLong).to(device());
  broadcast(length, root);
  at::Tensor bytes = rank() == root ? tensor_of(text, device())
                                    : at::empty({length.item<int64_t>()}, at::TensorOptions(at::kByte).device(device()));
  broadcast(bytes, root);
  return text_of(bytes);
}

std::vector<at::Tensor> Group::all_gather(const at::Tensor& tensor) {
  const InPhase phase(status(), Phase::exchange);
  const at::Tensor mine = bytes_of(tensor.contiguous());
  const at::Tensor length = at::full({1}, mine.numel(), at::kLong).to(device());
  std::vector<int64_t> lengths;
  for (const at::Tensor& other : all_gather_bytes(bytes_of(length))) {
    lengths.push_back(other.view(at::kLong).item<int64_t>());
  }
  const int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  at::Tensor padded = at::zeros({longest}, mine.options());
  padded.narrow(0, 0, mine.numel()).copy_(mine);
  auto gathered = longest == 0 ? std::vector<at::Tensor>(size(), padded) : all_gather_bytes(padded);

  auto shape = tensor.sizes().vec();
  const int64_t row =
      std::accumulate(shape.begin() + (shape.empty() ? 0 : 1), shape.end(), tensor.element_size(), std::multiplies<>());
  for (int r = 0; r < size(); ++r) {
    if (!shape.empty() && row > 0) shape[0] = lengths[r] / row;
    gathered[r] = gathered[r].narrow(0, 0, lengths[r]).view(tensor.scalar_type()).view(shape);
  }
  return gathered;
}

std::vector<std::string> Group::all_gather(const std::string& text) {
  const InPhase phase(status(), Phase::exchange);
  std::vector<std::string> texts;
  for (const at::Tensor& bytes : all_gather(tensor_of(text, device()))) texts.push_back(text_of(bytes));
  return texts;
}

std::vector<at::Tensor> Group::all_gather_equal(const at::Tensor& tensor) {
  auto gathered = all_gather_bytes(bytes_of(tensor.contiguous()));
  for (at::Tensor& part : gathered) part = part.view(tensor.scalar_type()).view(tensor.sizes());
  return gathered;
}

void Group::wait_for_device() {
  if (device().is_cpu()) return;
  const InPhase phase(status(), Phase::exchange);
  c10::impl::getDeviceGuardImpl(device().type())->synchronizeDevice(device().index());
}

void Group::barrier() {
  const InPhase phase(status(), Phase::exchange);
  const at::Tensor present = at::ones({1}, at::TensorOptions(at::kFloat).device(device()));
  all_reduce_sum(present);
  present.item<float>();
}

}  // namespace hpcai::distributed
