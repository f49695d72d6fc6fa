#pragma once

#include <cstdint>

// Update rules of parameters in one pass over memory, on a CPU. Each function reads and writes every value once. The result of a
// value does not depend on where a piece begins.
namespace hpcai::kernels {

// Sums of squares: of the weights, and of the gradients or the update.
struct SquareSums {
  double weight = 0, other = 0;

  SquareSums& operator+=(const SquareSums& sums) {
    weight += sums.weight;
    other += sums.other;
    return *this;
  }
};

// Some values of a parameter with their gradients and state, [count] each. Pointers that a rule does not use may be null.
struct UpdatePiece {
  float* weight = nullptr;
  const float* gradient = nullptr;
  float* mean = nullptr;     // the momentum, or the mean of the gradients
  float* square = nullptr;   // the mean of the squared gradients
  float* average = nullptr;  // of the weights; null: there is none
  int64_t count = 0;

  UpdatePiece part(int64_t begin, int64_t end) const;
};

// g' = gradient_scale g + decay w,  u <- keep u + gain g',  w <- w - rate (u, or with nesterov: g' + momentum u).
// Without `mean` u is gain g'. Afterwards average <- average + average_weight (w - average), in all rules.
struct MomentumRule {
  float gradient_scale = 1, decay = 0, keep = 0, gain = 1, rate = 0;
  bool nesterov = false;
  float momentum = 0;
  float average_weight = 0;
};
void update_momentum(const UpdatePiece& piece, const MomentumRule& rule);

// g' = gradient_scale g + decay w,  m <- m + (1 - beta1) (g' - m),  v <- beta2 v + (1 - beta2) g'^2,
// w <- shrink w - rate m / (root_scale sqrt(v) + epsilon)
struct AdamRule {
  float gradient_scale = 1, decay = 0, shrink = 1, beta2 = 0, one_minus_beta1 = 0, one_minus_beta2 = 0, root_scale = 1,
        epsilon = 0, rate = 0;
  float average_weight = 0;
};
void update_adam(const UpdatePiece& piece, const AdamRule& rule);

// LAMB in two passes, between which the norms are known. The first one writes the update to `update` [count]:
// u = mean_scale m / (root_scale sqrt(v) + epsilon) + decay w.
struct LambRule {
  float gradient_scale = 1, beta2 = 0, one_minus_beta1 = 0, one_minus_beta2 = 0, mean_scale = 1, root_scale = 1, epsilon = 0,
        decay = 0;
  float average_weight = 0;
};
SquareSums update_lamb_moments(const UpdatePiece& piece, const LambRule& rule, float* update);     // m and v as in AdamRule
void apply_lamb(const UpdatePiece& piece, const LambRule& rule, const float* update, float rate);  // w <- w - rate u

// The least that a rule with these pointers does to memory, to measure what memory allows: adds the gradient to all others.
void move_values(const UpdatePiece& piece);

SquareSums squares_of_both(const UpdatePiece& piece);       // of weights and gradients
double sum_of_squares(const float* values, int64_t count);  // short blocks in single precision, their sum in double

}  // namespace hpcai::kernels
