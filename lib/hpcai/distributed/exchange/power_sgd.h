#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "hpcai/distributed/exchange/group.h"

namespace hpcai::distributed {

// The values that each rank sends in the two exchanges of a bucket with these dense gradients.
struct SentValues {
  int64_t left = 0, right = 0;
};
SentValues sent_values(const std::vector<at::Tensor>& gradients, int64_t rank);

// Averages the gradients of one bucket over the ranks with few values on the network: PowerSGD (Vogels, Karimireddy and Jaggi
// 2019, arXiv:1905.13727, algorithms 1 and 2) as PyTorch's powerSGD_hook does it. For each gradient as a matrix M [n, m], the
// ranks exchange P = M Q [n, rank] and then Q' = M^T P [m, rank], and take P Q'^T for the mean of M:
//
//   M <- gradient + error;  P <- sum over ranks of M Q;  P <- orthonormal columns
//   Q <- mean over ranks of M^T P;  mean <- P Q^T;  error <- M - mean
//
// The error, which a rank keeps for itself, makes up in later steps for what the matrices leave out. Q is the first guess of the
// next step (warm start). Q starts as random numbers that depend on the gradient's number alone. A column of Q that has become
// zero, because its gradient was, starts again. Gradients that would not shrink by half, such as biases, are averaged exactly.
class PowerSgd {
 public:
  // `values`: the bucket, float32 [values]. `gradients`: the dense parts of it that are gradients. `number`: of the first
  // gradient among all gradients. All ranks pass the same.
  PowerSgd(Group& group, at::Tensor values, const std::vector<at::Tensor>& gradients, int64_t rank, int64_t number);

  // The three parts of an exchange. Between them other buckets may begin theirs, in the same order on all ranks. All throw what
  // Group throws.
  void send_left();   // the bucket holds this rank's gradients
  void send_right();  // waits for P
  void complete();    // waits for Q; then the bucket holds the means

  // What the next step needs, in the memory of this object: [values] float32 each. The error differs between the ranks.
  const at::Tensor& error() const { return error_; }
  const at::Tensor& q() const { return right_; }
  // As it was at first.
  void forget();

 private:
  struct Matrix {
    at::Tensor values;       // [n, m], part of the bucket
    at::Tensor error;        // [n, m], part of error_
    at::Tensor left, right;  // P [n, rank] and Q [m, rank], parts of left_ and right_
    at::Tensor first_right;  // [m, rank], the random start of Q
  };

  Group& group_;
  at::Tensor values_, error_;
  std::vector<Matrix> matrices_;
  std::vector<at::Tensor> exact_;       // [values] each: gradients that are averaged exactly
  at::Tensor left_;                     // the matrices P and the exact gradients, [values]
  std::vector<at::Tensor> exact_sent_;  // parts of left_
  at::Tensor right_;                    // the matrices Q, [values]
  std::unique_ptr<Work> work_;
};

// Replaces the columns of `matrix`, float32 [n, rank], by orthonormal columns that span the same space. A column that depends on
// those before it, or is zero, becomes zero.
void orthonormalise(const at::Tensor& matrix);

}  // namespace hpcai::distributed
