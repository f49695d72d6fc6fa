#include "hpcai/models/network/fusion.h"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "hpcai/kernels/norm_pool/norm_pool.h"
#include "hpcai/models/layers.h"

namespace hpcai::models::network {
namespace {

using Operations = std::vector<Operation>;

bool is_rows(const Shape& shape) { return shape.layout == Layout::series || shape.layout == Layout::sequence; }

// The norm of a tensor whose channels come last but for images. The steps of all samples become rows, because the fused norm
// takes [rows, channels]. Steps behind the end of a sequence have no part in the statistics.
at::Tensor normalised(const Norm& of, bool relu, const at::Tensor& x, const Pass& pass) {
  const auto apply = [&](const at::Tensor& values) { return relu ? of.norm->forward_relu(values) : of.norm->forward(values); };
  if (!is_rows(of.shape)) return apply(x);
  const at::Tensor rows = x.flatten(0, 1);
  if (!of.shape.steps || !of.norm->uses_batch_statistics()) return apply(rows).view(x.sizes());
  const at::Tensor real = pass.mask(of.shape).flatten().nonzero().squeeze(1);
  return at::zeros_like(rows).index_copy(0, real, apply(rows.index_select(0, real))).view(x.sizes());
}

// Removes the norm at the end of one of the terms, which the sum then computes. Returns its term and the norm.
std::optional<std::pair<size_t, Norm>> take_last_norm(std::vector<Operations>& terms) {
  for (size_t i = 0; i < terms.size(); ++i) {
    const auto* const norm = terms[i].empty() ? nullptr : std::get_if<Norm>(&terms[i].back());
    if (!norm || is_rows(norm->shape)) continue;
    std::pair found(i, *norm);
    terms[i].pop_back();
    return found;
  }
  return {};
}

// The sum, or with `relu` its ReLU.
Function sum_of(Sum sum, bool relu) {
  const auto last = take_last_norm(sum.terms);
  std::vector<Function> terms;
  for (const Operations& term : sum.terms) terms.push_back(fused(term));
  return [=](const at::Tensor& x, Pass& pass) {
    at::Tensor total, behind_norm;
    for (size_t i = 0; i < terms.size(); ++i) {
      const at::Tensor value = terms[i](x, pass);
      if (last && last->first == i) {
        behind_norm = value;
      } else {
        total = total.defined() ? total + value : value;
      }
    }
    if (last) return last->second.norm->forward_add(behind_norm, total, relu);
    return relu ? total.relu() : total;
  };
}

// The next operation if it is of this kind, and goes on to the one behind it; else null.
template <class Kind>
const Kind* take(const Operations& operations, size_t& next) {
  const Kind* const found = next < operations.size() ? std::get_if<Kind>(&operations[next]) : nullptr;
  if (found) ++next;
  return found;
}

// As many operations from `next` on as one function computes; goes on to the first one behind them.
Function take_function(const Operations& operations, size_t& next) {
  if (const auto* const function = take<Function>(operations, next)) return *function;
  if (const auto* const sum = take<Sum>(operations, next)) return sum_of(*sum, take<Relu>(operations, next) != nullptr);
  const auto* const norm = take<Norm>(operations, next);
  const bool relu = take<Relu>(operations, next) != nullptr;
  if (const auto* const convolution = take<ImageConvolution>(operations, next)) {
    return [conv = convolution->conv, norm = norm ? norm->norm : nullptr, relu](const at::Tensor& x, Pass&) {
      return conv->forward_behind(norm.get(), relu, x);
    };
  }
  if (relu && !norm) return [](const at::Tensor& x, Pass&) { return x.relu(); };
  static_assert(std::variant_size_v<Operation::variant> == 6, "here only a norm or a pool is left");
  const auto* const pool = take<ImagePool>(operations, next);
  if (!pool) return [norm = *norm, relu](const at::Tensor& x, Pass& pass) { return normalised(norm, relu, x, pass); };
  const kernels::PoolPadding padding{.top = pool->top, .left = pool->left};
  if (!norm) return [padding](const at::Tensor& x, Pass&) { return kernels::max_pool(x, padding); };
  return [norm = norm->norm, relu, padding](const at::Tensor& x, Pass&) { return pool_behind(*norm, relu, x, padding); };
}

}  // namespace

Function fused(const std::vector<Operation>& operations) {
  std::vector<Function> functions;
  for (size_t next = 0; next < operations.size();) functions.push_back(take_function(operations, next));
  return [functions = std::move(functions)](const at::Tensor& input, Pass& pass) {
    at::Tensor x = input;
    for (const Function& function : functions) x = function(x, pass);
    return x;
  };
}

}  // namespace hpcai::models::network
